#include "media/input.h"

extern "C" {
#include <libavutil/avstring.h>
}
#include <new>
#include <utility>
#include <vector>

#include "media/describe.h"
#include "media/picture_limit.h"
#include "media/source_limits.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

// Served by demuxers that open their own sockets: there is no byte stream to probe.
bool opensItself(const std::string& uri) {
  for (const char* scheme : {"rtsp:", "rtsps:", "rtp:", "satip:"})
    if (uri.rfind(scheme, 0) == 0) return true;
  return false;
}

bool isPlaylist(const std::string& uri) {
  return av_match_ext(uri.c_str(), "m3u8,m3u");
}

}  // namespace

Input::Input(const std::string& uri, const Limits& limits, StopRef stop, Patience patience)
    : uri_(uri), limits_(limits), opener_(std::make_unique<SourceOpener>(uri, limits, std::move(stop), patience)) {
  quietLog();
  takeLastLog();
  open();
}

Input::~Input() = default;

void Input::open() {
  AVIOContext* io = nullptr;
  const AVInputFormat* container = nullptr;
  const std::string& formats = opener_->formats();
  if (opensItself(uri_)) {
    opener_->requireAllowed();
  } else {
    int result = 0;
    io = opener_->open(result);
    if (!io) throwUnreadable(result, "open");
    // By content alone: with a name, libav would take text called x.jpg for a picture and x%d.jpg for a list of files.
    const char* name = isPlaylist(uri_) ? uri_.c_str() : "";
    if (result = av_probe_input_buffer2(io, &container, name, nullptr, 0, 0); result < 0)
      throwUnreadable(result, "probe");
    if (!formats.empty() && av_match_list(container->name, formats.c_str(), ',') <= 0)
      throw Error(ErrorCode::SOURCE_REFUSED, "\"" + uri_ + "\" is a " + container->name +
                                                 " file, which opens further files by itself, past all limits.");
  }

  AVFormatContext* context = avformat_alloc_context();
  if (!context) throw std::bad_alloc();
  format_.reset(context);
  opener_->attach(*context);
  context->pb = io;
  // On failure avformat_open_input frees the context itself.
  AVFormatContext* opening = format_.release();
  AvDictionary options;
  options.set("rtsp_flags", "prefer_tcp");  // whole pictures; UDP where the server wants it
  // HLS over kept connections would fetch segments and refreshed playlists past the checks of SourceOpener.
  options.set("http_persistent", int64_t{0});
  const int opened = avformat_open_input(&opening, uri_.c_str(), container, &options);
  format_.reset(opening);
  if (opened < 0) throwUnreadable(opened, "open");
  findStreams();
  requireDeclared();
}

void Input::findStreams() {
  // Decoders that libav opens here are held to the same size.
  std::vector<AVDictionary*> decoders(format_->nb_streams, nullptr);
  if (limits_.maxPixels > 0)
    for (AVDictionary*& options : decoders) av_dict_set_int(&options, "max_pixels", limits_.maxPixels, 0);
  PictureLimit::takeNoticed();
  const int result = [&] {
    const SkippedData::Reading reading(skipped_, *format_);
    return avformat_find_stream_info(format_.get(), decoders.empty() ? nullptr : decoders.data());
  }();
  for (AVDictionary*& options : decoders) av_dict_free(&options);
  if (limits_.maxPixels > 0 && PictureLimit::takeNoticed()) throwTooManyPixels(uri_, limits_);
  if (result < 0) throwUnreadable(result, "read the headers of");
  opener_->throwEnd("Opening");  // libav takes an interrupted read for the end
}

// Checks the headers; pictures and times may still differ from them.
void Input::requireDeclared() const {
  const int video = videoStream();
  const AVStream* stream = video >= 0 ? format_->streams[video] : nullptr;
  if (stream) requirePixels(uri_, stream->codecpar->width, stream->codecpar->height, limits_);
  requireDuration(uri_, declaredMs(*format_, stream), limits_);
}

void Input::throwUnreadable(int result, const char* call) {
  opener_->throwEnd("Opening");
  if (result == AVERROR(ENOENT) || result == AVERROR_HTTP_NOT_FOUND)
    throw Error(ErrorCode::SOURCE_NOT_FOUND, "There is nothing at \"" + uri_ + "\".");
  if (result == AVERROR_PROTOCOL_NOT_FOUND)
    throw Error(ErrorCode::SOURCE_UNSUPPORTED, "libav has no protocol for \"" + uri_ + "\".");
  if (result == AVERROR(EINVAL) && opener_->restricted())
    throw Error(ErrorCode::SOURCE_REFUSED, "\"" + uri_ + "\" needs a protocol or a format that is not allowed here (" +
                                               avErrorText(result) + ").");
  throw Error(
      ErrorCode::SOURCE_UNREADABLE,
      std::string("Could not ") + call + " \"" + uri_ + "\": " + avErrorText(result) + ".",
      localPath(uri_) ? "Check that it is a complete media file." : "Check that it is running and sends media.");
}

bool Input::stopped() const {
  return opener_->stopped();
}

bool Input::randomAccess() const {
  if (format_->ctx_flags & AVFMTCTX_UNSEEKABLE) return false;  // a live playlist
  return format_->pb && format_->pb->seekable & AVIO_SEEKABLE_NORMAL;
}

bool Input::seekable() const {
  if (format_->iformat->flags & AVFMT_NOTIMESTAMPS) return false;
  return randomAccess() || format_->duration > 0;
}

int Input::read(AVPacket& packet) {
  opener_->expectPacket();
  const int result = [&] {
    const SkippedData::Reading reading(skipped_, *format_);
    return av_read_frame(format_.get(), &packet);
  }();
  if (result < 0 && !stopped()) opener_->throwEnd("Reading");
  opener_->throwRefusal();
  if (result >= 0 && !format_->pb) opener_->countPacket(packet.size);
  return result;
}

bool Input::seek(int stream, int64_t timestamp) {
  opener_->expectPacket();
  return avformat_seek_file(format_.get(), stream, INT64_MIN, timestamp, timestamp, 0) >= 0;
}

int Input::videoStream() const {
  const auto pictures = [&](int i) {
    const AVStream& stream = *format_->streams[i];
    return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !(stream.disposition & AV_DISPOSITION_ATTACHED_PIC);
  };
  const int best = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (best >= 0 && pictures(best)) return best;
  for (int i = 0; i < static_cast<int>(format_->nb_streams); i++)
    if (pictures(i)) return i;
  return -1;
}

int Input::audioStream() const {
  const int found = av_find_best_stream(format_.get(), AVMEDIA_TYPE_AUDIO, -1, videoStream(), nullptr, 0);
  return found >= 0 ? found : -1;
}

int64_t Input::originUs() const {
  if (const int index = videoStream(); index >= 0) {
    const AVStream& stream = *format_->streams[index];
    if (stream.start_time != AV_NOPTS_VALUE) return boundedUs(stream.start_time, stream.time_base);
  }
  return format_->start_time == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : boundedUs(format_->start_time, AV_TIME_BASE_Q);
}

}  // namespace framepath::media
