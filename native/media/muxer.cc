#include "media/muxer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "core/clock.h"

namespace framepath::media {
namespace {

// A peer that takes nothing for this long is lost. (A file may take longer: its index goes to the front.)
constexpr int64_t kPatienceNs = 15'000'000'000;
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

Muxer::Muxer(const std::string& path, const Container& container, StopRef stop, StopRef endBy)
    : path_(path), container_(container), stop_(container.local ? nullptr : std::move(stop)), endBy_(std::move(endBy)) {
  quietLog();
  takeLastLog();
  const std::string url = urlOf(path, container);
  AVFormatContext* context = nullptr;
  if (avformat_alloc_output_context2(&context, nullptr, container.format, url.c_str()) < 0) {
    throw Error(ErrorCode::OUTPUT_UNWRITABLE, std::string("This libavformat cannot write ") + container.format + ".");
  }
  context_.reset(context);
  context_->interrupt_callback = {interrupted, this};
  const bool opensItself = context_->oformat->flags & AVFMT_NOFILE;
  if (opensItself && !container.segmented) return;
  allowTime();
  const int result = avio_open2(&context_->pb, url.c_str(), AVIO_FLAG_WRITE, &context_->interrupt_callback, nullptr);
  if (result < 0) throwUnwritable(result);
  if (opensItself) {
    // That was only to see whether it can be written: the muxer opens playlist and segments itself, seconds later.
    avio_closep(&context_->pb);
    watchSegments();
  }
}

Muxer::~Muxer() {
  close();
}

void Muxer::watchSegments() {
  context_->opaque = this;
  libavOpen_ = context_->io_open;
  // After a failure nothing more is opened: the playlist as it was is better than an empty one.
  context_->io_open = [](AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                         AVDictionary** options) {
    auto& muxer = *static_cast<Muxer*>(context->opaque);
    if (muxer.segmentError_ < 0) return muxer.segmentError_;
    const int result = muxer.libavOpen_(context, io, url, flags, options);
    if (result >= 0 && muxer.nextPlaylist() == url) muxer.playlist_ = *io;
    return result;
  };
  context_->io_close2 = [](AVFormatContext* context, AVIOContext* io) {
    if (!io) return 0;
    auto& muxer = *static_cast<Muxer*>(context->opaque);
    const bool isPlaylist = io == muxer.playlist_;
    if (isPlaylist) muxer.playlist_ = nullptr;
    avio_flush(io);
    const int written = io->error;
    const int closed = avio_close(io);
    const int result = written < 0 ? written : closed;
    if (result < 0 && muxer.segmentError_ == 0) muxer.segmentError_ = result;
    if (result < 0 && isPlaylist) muxer.keepPlaylist();
    return result;
  };
}

std::string Muxer::nextPlaylist() const {
  return path_ + ".tmp";
}

// libav renames the new playlist over the last one although the disk had no room for it: let it rename the last one.
void Muxer::keepPlaylist() const noexcept {
  std::error_code ignored;
  std::filesystem::remove(nextPlaylist(), ignored);
  std::filesystem::create_hard_link(path_, nextPlaylist(), ignored);
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

int Muxer::addStream(const AVCodecParameters& parameters, AVRational timeBase) {
  AVStream* stream = avformat_new_stream(context_.get(), nullptr);
  if (!stream) throw std::bad_alloc();
  check(avcodec_parameters_copy(stream->codecpar, &parameters), "avcodec_parameters_copy");
  stream->codecpar->codec_tag = 0;
  // Apple's players open HEVC with parameter sets in the header only.
  if (parameters.codec_id == AV_CODEC_ID_HEVC && (container_.fragmented || container_.segmented)) {
    stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
  }
  stream->time_base = timeBase;
  if (parameters.codec_type == AVMEDIA_TYPE_VIDEO) {
    stream->avg_frame_rate = av_inv_q(timeBase);
    stream->r_frame_rate = stream->avg_frame_rate;
    stream->sample_aspect_ratio = parameters.sample_aspect_ratio;
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
  begun_ = true;
}

void Muxer::write(AVPacket& packet, int stream, AVRational timeBase) {
  allowTime();
  packet.stream_index = stream;
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
    allowTime();
    av_write_frame(context_.get(), nullptr);
  }
  if (!context_->pb || (context_->oformat->flags & AVFMT_NOFILE)) return;
  avio_closep(&context_->pb);
  // A fragment torn by a failure would hide the ones before it from some players.
  std::error_code ignored;
  if (failed_ && container_.local && std::filesystem::is_regular_file(path_, ignored) && durableBytes_ > 0) {
    std::filesystem::resize_file(path_, durableBytes_, ignored);
  }
}

// Without this line players wait for more.
void Muxer::endPlaylist() noexcept {
  std::error_code error;
  std::filesystem::remove(nextPlaylist(), error);
  if (std::filesystem::file_size(path_, error) == 0 || error) return;
  if (std::FILE* playlist = std::fopen(path_.c_str(), "a")) {
    std::fputs("#EXT-X-ENDLIST\n", playlist);
    std::fclose(playlist);
  }
}

}  // namespace framepath::media
