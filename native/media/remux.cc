#include "media/remux.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "media/muxer.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

namespace fs = std::filesystem;

AvInput openWritten(const std::string& path) {
  AVFormatContext* opened = nullptr;
  av(avformat_open_input(&opened, ("file:" + path).c_str(), av_find_input_format("mov"), nullptr),
     "avformat_open_input", ErrorCode::OUTPUT_FAILED);
  return AvInput(opened);
}

void copyPackets(const std::string& from, const std::string& to, const Container& container, Rational fps) {
  const AvInput input = openWritten(from);
  Muxer muxer(to, container);
  for (unsigned i = 0; i < input->nb_streams; i++) {
    const AVStream& stream = *input->streams[i];
    muxer.addStream(*stream.codecpar, stream.time_base);
  }
  AvDictionary options;
  options.set("movflags", "+faststart");
  muxer.begin(options);
  const AvPacket packet = newPacket();
  while (true) {
    const int result = av_read_frame(input.get(), packet.get());
    if (result == AVERROR_EOF) break;
    av(result, "av_read_frame", ErrorCode::OUTPUT_FAILED);
    const AVStream& stream = *input->streams[packet->stream_index];
    // The demuxer does not know how long the last sample of a fragmented file is.
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO) {
      packet->duration = av_rescale_q(1, tickOf(fps), stream.time_base);
    }
    muxer.write(*packet, packet->stream_index, stream.time_base);
  }
  muxer.end();
}

}  // namespace

void remux(const std::string& path, const Container& container, Rational fps) {
  // Through a link, so that the link stays one.
  std::error_code ignored;
  const fs::path target = fs::canonical(path, ignored);
  if (target.empty()) throw Error(ErrorCode::OUTPUT_FAILED, "The output " + path + " is gone.");
  fs::path temporary = target;
  temporary.replace_filename("." + target.filename().string() + ".finishing");
  try {
    copyPackets(target.string(), temporary.string(), container, fps);
    fs::permissions(temporary, fs::status(target).permissions(), ignored);
    fs::rename(temporary, target);
  } catch (const fs::filesystem_error& e) {
    fs::remove(temporary, ignored);
    throw Error(ErrorCode::OUTPUT_FAILED, "Cannot replace " + path + ": " + e.code().message() + ".");
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace framepath::media
