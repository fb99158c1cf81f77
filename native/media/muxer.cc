#include "media/muxer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "media/compat.h"

namespace framepath::media {
namespace {

// A peer that takes nothing for this long is lost. (A file may take longer: its index goes to the front.)
constexpr int64_t kPatienceNs = 15'000'000'000;
constexpr int kOpusRate = 48'000;
// In the names of files that are being written.
constexpr const char* kPart = "part";
// For the trailer and for good-byes on a connection, after everything was stopped.
constexpr int64_t kLastWordsNs = 200'000'000;

bool isDiskFull(int error) {
  return error == AVERROR(ENOSPC) || error == AVERROR(EDQUOT) || error == AVERROR(EFBIG);
}

// "file:" keeps libavformat from reading a scheme into names such as "12:30.mp4".
std::string urlOf(const std::string& path, const Container& container) {
  if (!container.local) return path;
  // The playlist names its segments relative to itself, which libavformat derives from a path with a folder.
  if (container.segmented) return std::filesystem::absolute(path).string();
  return "file:" + path;
}

}  // namespace

Muxer::Muxer(const std::string& path, const Container& container, PartFile* part, StopRef stop, StopRef endBy)
    : path_(path),
      container_(container),
      part_(part),
      stop_(container.local ? nullptr : std::move(stop)),
      endBy_(std::move(endBy)) {
  quietLog();
  takeLastLog();
  const std::string url = part ? part->url() : urlOf(path, container);
  AVFormatContext* context = nullptr;
  if (avformat_alloc_output_context2(&context, nullptr, container.format, url.c_str()) < 0) {
    throw Error(ErrorCode::OUTPUT_UNWRITABLE, std::string("This libavformat cannot write ") + container.format + ".");
  }
  context_.reset(context);
  context_->interrupt_callback = {interrupted, this};
  if (container.segmented) {
    const PartFile probe(path, kPart);  // the muxer opens playlist and segments itself, seconds later
    watchSegments();
    return;
  }
  if (context_->oformat->flags & AVFMT_NOFILE) return;
  allowTime();
  const int result = avio_open2(&context_->pb, url.c_str(), AVIO_FLAG_WRITE, &context_->interrupt_callback, nullptr);
  if (result < 0) throwUnwritable(result);
}

Muxer::~Muxer() {
  close();
}

// Playlists and segments appear when they are whole.
void Muxer::watchSegments() {
  context_->opaque = this;
  libavOpen_ = context_->io_open;
  context_->io_open = [](AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                         AVDictionary** options) {
    return static_cast<Muxer*>(context->opaque)->openPart(context, io, url, flags, options);
  };
  context_->io_close2 = [](AVFormatContext* context, AVIOContext* io) {
    return io ? static_cast<Muxer*>(context->opaque)->closePart(io) : 0;
  };
}

// After a failure nothing more is opened: the playlist as it was is better than an empty one.
int Muxer::openPart(AVFormatContext* context, AVIOContext** io, const char* url, int flags, AVDictionary** options) {
  if (segmentError_ < 0) return segmentError_;
  try {
    auto part = std::make_unique<PartFile>(url, kPart);
    const int result = libavOpen_(context, io, part->url().c_str(), flags, options);
    if (result >= 0) parts_[*io] = std::move(part);
    return result;
  } catch (const Error& error) {
    return segmentError_ = AVERROR(error.code == ErrorCode::OUTPUT_DISK_FULL ? ENOSPC : EACCES);
  } catch (const std::exception&) {  // no memory
    return segmentError_ = AVERROR(ENOMEM);
  }
}

// libav writes it as X.m3u8.tmp and renames that.
bool Muxer::isPlaylist(const std::string& file) const {
  const auto name = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  return name(file).starts_with(name(path_));
}

int Muxer::closePart(AVIOContext* io) {
  const auto part = parts_.extract(io);
  avio_flush(io);
  const int written = io->error;
  const int closed = avio_close(io);
  int result = written < 0 ? written : closed;
  try {
    if (result >= 0 && part && !closed_) {
      part.mapped()->commit();
      listed_ = listed_ || isPlaylist(part.mapped()->target());
    }
  } catch (const std::exception&) {
    result = AVERROR(EIO);
  }
  if (result < 0 && segmentError_ == 0) segmentError_ = result;
  return result;
}

int Muxer::interrupted(void* opaque) {
  auto& muxer = *static_cast<Muxer*>(opaque);
  const int64_t now = nowNs();
  if (!muxer.container_.local && now > muxer.deadlineNs_) return 1;
  if (muxer.endBy_ && muxer.endBy_->passed()) return 1;
  if (!muxer.stop_ || !muxer.stop_->passed()) return 0;
  if (!muxer.stoppedNs_) muxer.stoppedNs_ = now;
  return now > muxer.stoppedNs_ + kLastWordsNs;
}

void Muxer::allowTime() {
  deadlineNs_ = nowNs() + kPatienceNs;
}

int Muxer::addStream(const AVCodecParameters& parameters, AVRational timeBase, Rational fps, const HdrMetadata& hdr) {
  AVStream* stream = avformat_new_stream(context_.get(), nullptr);
  if (!stream) throw std::bad_alloc();
  check(avcodec_parameters_copy(stream->codecpar, &parameters), "avcodec_parameters_copy");
  stream->codecpar->codec_tag = 0;
  // Apple's players open HEVC with parameter sets in the header only.
  if (parameters.codec_id == AV_CODEC_ID_HEVC && (container_.fragmented || container_.segmented)) {
    stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
  }
  if (kMatroskaForgetsPriming && parameters.codec_id == AV_CODEC_ID_OPUS &&
      std::string_view(container_.format) == "matroska")
    primed_ = {stream->index, av_rescale_q(parameters.initial_padding, {1, kOpusRate}, timeBase)};
  stream->time_base = timeBase;
  if (parameters.codec_type == AVMEDIA_TYPE_VIDEO) {
    stream->avg_frame_rate = {fps.num, fps.den};
    stream->r_frame_rate = stream->avg_frame_rate;
    stream->sample_aspect_ratio = parameters.sample_aspect_ratio;
    addHdrMetadata(*stream, hdr);
  }
  return stream->index;
}

void Muxer::begin(AvDictionary& options) {
  allowTime();
  const int result = avformat_write_header(context_.get(), &options);
  // This is where RTSP connects.
  if (result < 0 && !container_.local) {
    failed_ = true;
    throwUnwritable(result);
  }
  check(result, "avformat_write_header");
  // The MP4 muxer clears it where the moov comes with the packets or before; AAC of a TS needs it (aac_adtstoasc).
  context_->flags |= AVFMT_FLAG_AUTO_BSF;
  begun_ = true;
}

void Muxer::write(AVPacket& packet, int stream, AVRational timeBase) {
  allowTime();
  packet.stream_index = stream;
  if (stream == primed_.stream) packet.pts += primed_.ticks, packet.dts += primed_.ticks;
  av_packet_rescale_ts(&packet, timeBase, context_->streams[stream]->time_base);
  const int result = av_write_frame(context_.get(), &packet);
  av_packet_unref(&packet);
  check(result, "av_write_frame");
}

void Muxer::flush() {
  if (container_.segmented) return;  // finished segments are; the HLS muxer (5.1) crashes when asked for less
  allowTime();
  // The first flush of an MP4 whose moov was held back writes the moov alone, the second the fragment.
  check(av_write_frame(context_.get(), nullptr), "av_write_frame");
  if (container_.fragmented) check(av_write_frame(context_.get(), nullptr), "av_write_frame");
  if (!context_->pb) return;
  avio_flush(context_->pb);
  check(0, "avio_flush");
  durableBytes_ = avio_tell(context_->pb);
}

void Muxer::end() {
  allowTime();
  begun_ = false;
  check(av_write_trailer(context_.get()), "av_write_trailer");
  if (path_.rfind("srt:", 0) == 0) waitForPlayout();
  if (context_->pb && !(context_->oformat->flags & AVFMT_NOFILE)) {
    const int result = avio_closep(&context_->pb);
    check(result, "avio_close");
  }
}

// An SRT receiver hands out what it got after a delay (latency=MICROSECONDS, else 0.12 s) and drops the rest when the
// connection ends.
void Muxer::waitForPlayout() {
  avio_flush(context_->pb);
  const size_t stated = path_.find("latency=");
  const int64_t latencyUs = stated == std::string::npos ? 0 : std::strtoll(path_.c_str() + stated + 8, nullptr, 10);
  std::this_thread::sleep_for(std::chrono::microseconds(2 * std::clamp<int64_t>(latencyUs, 120'000, 2'000'000)));
}

void Muxer::throwUnwritable(int result) const {
  throw Error(isDiskFull(result) ? ErrorCode::OUTPUT_DISK_FULL : ErrorCode::OUTPUT_UNWRITABLE,
              "Cannot write " + path_ + ": " + avErrorText(result) + ".",
              container_.local ? "Check that the folder exists and may be written to."
                               : "Check that the server is up and takes streams.");
}

void Muxer::check(int result, const char* call) {
  // A failed write inside a buffered context shows in `error` only.
  if (result >= 0 && context_->pb) result = std::min(result, context_->pb->error);
  if (segmentError_ < 0) result = segmentError_;
  if (result >= 0) return;
  failed_ = true;
  if (isDiskFull(result)) {
    throw Error(ErrorCode::OUTPUT_DISK_FULL, "The disk is full: cannot go on writing " + path_ + ".",
                "Free some space or write elsewhere; what was written up to now can be played.");
  }
  throw Error(ErrorCode::OUTPUT_FAILED, "Writing " + path_ + " failed: " + call + ": " + avErrorText(result) + ".",
              container_.local ? "" : "Check that the server is still up and takes what is sent.");
}

void Muxer::close() noexcept {
  if (closed_) return;
  closed_ = true;
  if (container_.segmented && (failed_ || begun_)) return endPlaylist();
  if (begun_ && !failed_) {
    // Broken off without a trailer: what is complete stays, what is buffered goes out as it is.
    try {
      flush();
    } catch (const Error&) {
      // failed_ is set
    }
  }
  // The muxers of RTSP and RTP free their sockets in the trailer only.
  if (begun_ && failed_ && !container_.local) av_write_trailer(context_.get());
  if (context_->pb && !(context_->oformat->flags & AVFMT_NOFILE)) avio_closep(&context_->pb);
  // A fragment torn by a failure would hide the ones before it from some players.
  if (failed_ && part_ && durableBytes_ > 0) part_->truncate(durableBytes_);
}

// Without this line players wait for more.
void Muxer::endPlaylist() noexcept {
  if (!listed_) return;
  if (std::FILE* playlist = std::fopen(path_.c_str(), "a")) {
    std::fputs("#EXT-X-ENDLIST\n", playlist);
    std::fclose(playlist);
  }
}

}  // namespace framepath::media
