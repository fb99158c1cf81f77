#include "media/remux.h"

#include "media/muxer.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

AvInput openWritten(const PartFile& file) {
  AVFormatContext* opened = nullptr;
  av(avformat_open_input(&opened, file.url().c_str(), av_find_input_format("mov"), nullptr), "avformat_open_input",
     ErrorCode::OUTPUT_FAILED);
  return AvInput(opened);
}

void copyPackets(const PartFile& from, PartFile& to, const Container& container, Rational fps, const StopRef& stop) {
  const AvInput input = openWritten(from);
  Muxer muxer(to.target(), container, &to, nullptr, stop);
  for (unsigned i = 0; i < input->nb_streams; i++) {
    const AVStream& stream = *input->streams[i];
    muxer.addStream(*stream.codecpar, stream.time_base, fps, hdrMetadataOf(stream));
  }
  AvDictionary options;
  options.set("movflags", "+faststart");
  muxer.begin(options);
  const AvPacket packet = newPacket();
  while (true) {
    const int result = av_read_frame(input.get(), packet.get());
    if (result == AVERROR_EOF) break;
    if (stop && stop->passed()) av(AVERROR_EXIT, "remux", ErrorCode::CANCELLED);
    av(result, "av_read_frame", ErrorCode::OUTPUT_FAILED);
    const AVStream& stream = *input->streams[packet->stream_index];
    // The demuxer does not know how long the last sample of a fragmented file is.
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && fps.num > 0) {
      packet->duration = av_rescale_q(1, tickOf(fps), stream.time_base);
    }
    muxer.write(*packet, packet->stream_index, stream.time_base);
  }
  muxer.end();
}

}  // namespace

void remux(const PartFile& from, PartFile& to, const Container& container, Rational fps, const StopRef& stop) {
  try {
    copyPackets(from, to, container, fps, stop);
  } catch (const Error&) {
    if (stop && stop->passed()) throw Error(ErrorCode::CANCELLED, "There was no time to finish " + to.target() + ".");
    throw;
  }
}

}  // namespace framepath::media
