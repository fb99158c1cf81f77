#include "media/input.h"

extern "C" {
#include <libavutil/avstring.h>
}
#include <new>
#include <utility>

#include "core/clock.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

constexpr int64_t kStallNs = 30'000'000'000;  // a connection that gives nothing for so long is dead

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

struct Input::Watch {
  Watch(const Limits& limits, StopRef stop) : access(limits), stop(std::move(stop)) {}

  static int interrupted(void* opaque) {
    auto& watch = *static_cast<Watch*>(opaque);
    return (watch.stop && watch.stop->passed()) || nowNs() > watch.deadlineNs;
  }
  // Every file that libav opens because this container names it comes through here.
  static int openIo(AVFormatContext* format, AVIOContext** io, const char* url, int flags, AVDictionary** options) {
    auto& watch = *static_cast<Watch*>(format->opaque);
    try {
      return watch.libavOpen(format, io, watch.access.resolve(url).c_str(), flags, options);
    } catch (const Error& error) {
      if (!watch.refusal) watch.refusal = std::make_unique<Error>(error);
      return AVERROR(EACCES);
    } catch (const std::exception&) {
      return AVERROR(ENOMEM);
    }
  }

  Access access;
  const StopRef stop;
  int64_t deadlineNs = INT64_MAX;
  std::unique_ptr<Error> refusal;
  decltype(AVFormatContext::io_open) libavOpen = nullptr;
};

Input::Input(const std::string& uri, const Limits& limits, StopRef stop)
    : uri_(uri), watch_(std::make_unique<Watch>(limits, std::move(stop))) {
  quietLog();
  takeLastLog();
  open();
}

Input::~Input() = default;

void Input::open() {
  const std::string url = watch_->access.resolve(uri_);
  AVFormatContext* context = avformat_alloc_context();
  if (!context) throw std::bad_alloc();
  format_.reset(context);
  watch_->libavOpen = context->io_open;
  watch_->deadlineNs = nowNs() + kStallNs;
  context->opaque = watch_.get();
  context->io_open = Watch::openIo;
  context->interrupt_callback = {Watch::interrupted, watch_.get()};
  const std::string protocols = watch_->access.protocolWhitelist(), formats = watch_->access.formatWhitelist();
  if (!protocols.empty()) av(av_opt_set(context, "protocol_whitelist", protocols.c_str(), 0), "protocol_whitelist");
  if (!formats.empty()) av(av_opt_set(context, "format_whitelist", formats.c_str(), 0), "format_whitelist");

  const AVInputFormat* container = nullptr;
  if (!opensItself(uri_)) {
    AvDictionary ioOptions;
    if (!protocols.empty()) ioOptions.set("protocol_whitelist", protocols);
    ioOptions.set("overrun_nonfatal", int64_t{1});  // UDP: a reader that was slow for a while lost packets, not all
    AVIOContext* io = nullptr;
    if (const int result = avio_open2(&io, url.c_str(), AVIO_FLAG_READ, &context->interrupt_callback, &ioOptions);
        result < 0)
      throwUnreadable(result, "open");
    io_.reset(io);
    const int64_t bytes = avio_size(io), limit = watch_->access.maxBytes();
    if (limit > 0 && bytes > limit)
      throw Error(ErrorCode::SOURCE_TOO_LARGE, "\"" + uri_ + "\" has " + std::to_string(bytes) +
                                                   " bytes; the limit is " + std::to_string(limit) + ".");
    // By content alone: with a name, libav would take text called x.jpg for a picture and x%d.jpg for a list of files.
    const char* name = isPlaylist(uri_) ? uri_.c_str() : "";
    if (const int result = av_probe_input_buffer2(io, &container, name, nullptr, 0, 0); result < 0)
      throwUnreadable(result, "probe");
    if (!formats.empty() && av_match_list(container->name, formats.c_str(), ',') <= 0)
      throw Error(ErrorCode::SOURCE_REFUSED,
                  "\"" + uri_ + "\" is a " + container->name + " file, which could open files outside the jail.");
    context->pb = io;
  }

  // On failure avformat_open_input frees the context itself.
  AVFormatContext* opening = format_.release();
  AvDictionary options;
  options.set("rtsp_flags", "prefer_tcp");  // whole pictures; UDP where the server wants it
  const int opened = avformat_open_input(&opening, uri_.c_str(), container, &options);
  format_.reset(opening);
  if (opened < 0) throwUnreadable(opened, "open");
  if (const int result = avformat_find_stream_info(format_.get(), nullptr); result < 0)
    throwUnreadable(result, "read the headers of");
  throwRefusal();
}

void Input::throwRefusal() {
  if (watch_->refusal) throw Error(*watch_->refusal);
}

void Input::throwUnreadable(int result, const char* call) {
  throwRefusal();
  if (stopped()) throw Error(ErrorCode::CANCELLED, "Opening \"" + uri_ + "\" was stopped.");
  if (nowNs() > watch_->deadlineNs)
    throw Error(ErrorCode::SOURCE_FAILED, "\"" + uri_ + "\" gave nothing for 30 s.", "Check that it is running.");
  if (result == AVERROR(ENOENT) || result == AVERROR_HTTP_NOT_FOUND)
    throw Error(ErrorCode::SOURCE_NOT_FOUND, "There is nothing at \"" + uri_ + "\".");
  if (result == AVERROR_PROTOCOL_NOT_FOUND)
    throw Error(ErrorCode::SOURCE_UNSUPPORTED, "libav has no protocol for \"" + uri_ + "\".");
  if (result == AVERROR(EINVAL) && !watch_->access.protocolWhitelist().empty())
    throw Error(ErrorCode::SOURCE_REFUSED, "\"" + uri_ + "\" needs a protocol or a format that is not allowed here (" +
                                               avErrorText(result) + ").");
  throw Error(
      ErrorCode::SOURCE_UNREADABLE,
      std::string("Could not ") + call + " \"" + uri_ + "\": " + avErrorText(result) + ".",
      localPath(uri_) ? "Check that it is a complete media file." : "Check that it is running and sends media.");
}

bool Input::stopped() const {
  return watch_->stop && watch_->stop->passed();
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
  watch_->deadlineNs = nowNs() + kStallNs;
  const int result = av_read_frame(format_.get(), &packet);
  throwRefusal();
  if (result < 0 && !stopped() && nowNs() > watch_->deadlineNs)
    throw Error(ErrorCode::SOURCE_FAILED, "\"" + uri_ + "\" gave nothing for 30 s.");
  const int64_t limit = watch_->access.maxBytes();
  if (limit > 0 && io_ && avio_size(io_.get()) < 0 && avio_tell(io_.get()) > limit)
    throw Error(ErrorCode::SOURCE_TOO_LARGE,
                "\"" + uri_ + "\" gave more than the limit of " + std::to_string(limit) + " bytes.");
  return result;
}

bool Input::seek(int stream, int64_t timestamp) {
  watch_->deadlineNs = nowNs() + kStallNs;
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

int64_t Input::originUs() const {
  if (const int index = videoStream(); index >= 0) {
    const AVStream& stream = *format_->streams[index];
    if (stream.start_time != AV_NOPTS_VALUE) return boundedUs(stream.start_time, stream.time_base);
  }
  return format_->start_time == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : boundedUs(format_->start_time, AV_TIME_BASE_Q);
}

}  // namespace framepath::media
