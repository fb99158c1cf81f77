#include "media/output.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "core/clock.h"
#include "media/muxer.h"
#include "media/remux.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

// What a killed process may lose: programme time for runs faster than time, wall time for slower ones. Half of the
// promised second each, because a fragment ends only when the next packet comes.
constexpr int64_t kFlushUs = 500'000;
constexpr int64_t kFlushWallNs = 300'000'000;

class MuxedOutput : public Output {
 public:
  MuxedOutput(const OutputOptions& options, const Encoder& encoder, const Container& container)
      : options_(options),
        container_(container),
        codec_(encoder.parameters()->codec_id),
        muxer_(options.path, container) {
    video_ = muxer_.addStream(*encoder.parameters(), tickOf(options.fps));
    AvDictionary privates;
    setContainerOptions(privates);
    muxer_.begin(privates);
    lastFlushNs_ = nowNs();
  }

  void write(const Packet& packet) override {
    writeVideo(packet);
    frames_++;
    endUs_ = std::max(endUs_, packet.ptsUs + packet.durationUs);
    const int64_t writtenUs = packet.dtsUs + packet.durationUs;
    if (frames_ == 1) flushedUs_ = packet.dtsUs;
    if (writtenUs - flushedUs_ >= kFlushUs || nowNs() - lastFlushNs_ >= kFlushWallNs) {
      muxer_.flush();
      flushedUs_ = writtenUs;
      lastFlushNs_ = nowNs();
    }
  }

  OutputResult finish(bool complete) override {
    OutputResult result;
    result.path = options_.path;
    result.codec = avcodec_get_name(codec_);
    result.frames = frames_;
    result.durationMs = (endUs_ + 500) / 1000;
    if (muxer_.failed()) return result;
    muxer_.end();
    if (container_.fragmented && frames_ > 0 && std::filesystem::is_regular_file(options_.path)) {
      remux(options_.path, container_);
    }
    result.complete = complete;
    return result;
  }

 private:
  void setContainerOptions(AvDictionary& privates) const {
    const std::string_view format = container_.format;
    if (container_.fragmented) {
      // Fragments end where flush() says; the header waits for the first one, so that edit lists (B-frames, priming
      // of AAC) are known and playback starts at 0.
      privates.set("movflags", "+frag_custom+delay_moov+default_base_moof");
    } else if (format == "hls") {
      const bool needsMp4Segments = codec_ != AV_CODEC_ID_H264;  // as Apple's specification asks
      privates.set("hls_time", int64_t{2});
      privates.set("hls_list_size", int64_t{0});
      privates.set("hls_playlist_type", "event");  // grows while it is written, players may start at once
      privates.set("hls_flags", "independent_segments+temp_file");
      if (needsMp4Segments) privates.set("hls_segment_type", "fmp4");
    } else if (format == "flv") {
      privates.set("flvflags", "no_duration_filesize");
    }
    if (!container_.local) privates.set("flush_packets", int64_t{1});
  }

  void writeVideo(const Packet& packet) {
    const AvPacket out = newPacket();
    // libavformat counts references to the caller's bytes instead of copying them.
    auto held = std::make_unique<std::shared_ptr<const std::vector<uint8_t>>>(packet.data);
    auto* bytes = const_cast<uint8_t*>(packet.data->data());
    out->buf = av_buffer_create(
        bytes, packet.data->size(),
        [](void* opaque, uint8_t*) {
          std::unique_ptr<std::shared_ptr<const std::vector<uint8_t>>> letGo(
              static_cast<std::shared_ptr<const std::vector<uint8_t>>*>(opaque));
        },
        held.get(), AV_BUFFER_FLAG_READONLY);
    if (!out->buf) throw std::bad_alloc();
    held.release();
    out->data = bytes;
    out->size = static_cast<int>(packet.data->size());
    out->pts = ticksOfUs(packet.ptsUs, options_.fps);
    out->dts = ticksOfUs(packet.dtsUs, options_.fps);
    out->duration = ticksOfUs(packet.durationUs, options_.fps);
    if (packet.keyframe) out->flags |= AV_PKT_FLAG_KEY;
    muxer_.write(*out, video_, tickOf(options_.fps));
  }

  OutputOptions options_;
  Container container_;
  AVCodecID codec_;
  Muxer muxer_;
  int video_ = 0;
  int64_t frames_ = 0;
  int64_t endUs_ = 0;
  int64_t flushedUs_ = 0;
  int64_t lastFlushNs_ = 0;
};

}  // namespace

std::unique_ptr<Output> openOutput(const OutputOptions& options, const Encoder& encoder) {
  const Container container = containerOf(options.path);
  const AVCodecID codec = encoder.parameters()->codec_id;
  if (!holds(container, codec)) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                std::string(avcodec_get_name(codec)) + " cannot go into " + options.path + ".",
                "Use h264, or write .mp4 or .mkv.");
  }
  return std::make_unique<MuxedOutput>(options, encoder, container);
}

}  // namespace framepath::media
