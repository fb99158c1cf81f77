#include "media/output.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/clock.h"
#include "media/interleaver.h"
#include "media/muxer.h"
#include "media/remux.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

// Of a fragment, in thousandths: what a killed process may lose is composition time for runs faster than time, wall
// time for slower ones. Half at most, because a fragment ends only when the next packet comes.
constexpr int64_t kFlushShare = 500;
constexpr int64_t kFlushWallShare = 300;

constexpr int64_t kRoundingUs = 1000;  // times of containers are no exact multiples of a picture's

// Finishing a run that was broken off must not take long: rewriting this much takes about a second.
constexpr std::uintmax_t kQuickRemuxBytes = 512u << 20;

using Bytes = std::shared_ptr<const std::vector<uint8_t>>;

// Counts references to the caller's bytes instead of copying them.
AvPacket wrap(const Packet& packet, Rational fps) {
  AvPacket out = newPacket();
  auto held = std::make_unique<Bytes>(packet.data);
  auto* bytes = const_cast<uint8_t*>(packet.data->data());
  out->buf = av_buffer_create(
      bytes, packet.data->size(),
      [](void* opaque, uint8_t*) { std::unique_ptr<Bytes> release(static_cast<Bytes*>(opaque)); }, held.get(),
      AV_BUFFER_FLAG_READONLY);
  if (!out->buf) throw std::bad_alloc();
  held.release();
  out->data = bytes;
  out->size = static_cast<int>(packet.data->size());
  out->pts = ticksOfUs(packet.ptsUs, fps);
  out->dts = ticksOfUs(packet.dtsUs, fps);
  out->duration = ticksOfUs(packet.durationUs, fps);
  if (packet.keyframe) out->flags |= AV_PKT_FLAG_KEY;
  return out;
}

class MuxedOutput : public Output {
 public:
  MuxedOutput(const OutputOptions& options, const Container& container, const Encoder& encoder,
              std::unique_ptr<AudioTrack> audio)
      : options_(options),
        container_(container),
        codec_(encoder.parameters()->codec_id),
        muxer_(options.path, container, options.stop),
        interleaver_(std::move(audio), tickOf(options.fps),
                     [this](AVPacket& packet, bool isAudio) { writeNow(packet, isAudio); }) {
    muxer_.addStream(*encoder.parameters(), tickOf(options.fps));
    if (const AudioTrack* track = interleaver_.audio()) muxer_.addStream(track->parameters(), track->timeBase());
    AvDictionary privates;
    setContainerOptions(privates);
    muxer_.begin(privates);
    lastFlushNs_ = nowNs();
  }

  void write(const Packet& packet) override {
    endUs_ = std::max(endUs_, packet.ptsUs + packet.durationUs);
    interleaver_.push(wrap(packet, options_.fps), endUs_);
  }

  void addAudio(AudioRef audio, int64_t fromUs) override { interleaver_.audio()->join(std::move(audio), fromUs); }
  void endAudio(int32_t source, int64_t atUs) override {
    if (AudioTrack* track = interleaver_.audio()) track->leave(source, atUs);
  }

  OutputResult finish(bool complete) override {
    OutputResult result;
    result.path = options_.path;
    result.codec = avcodec_get_name(codec_);
    result.hasAudio = interleaver_.audio() != nullptr;
    if (muxer_.failed()) {
      muxer_.close();
    } else {
      interleaver_.finish(endUs_);
      muxer_.end();
      requireThere();
      result.complete = complete;
      result.finalised = finalise(complete);
    }
    if (frames_ == 0) removeEmpty();
    result.frames = frames_;
    result.durationMs = (endUs_ + 500) / 1000;
    if (interleaver_.audio()) result.audioLosses = interleaver_.audio()->losses();
    return result;
  }

 private:
  void writeNow(AVPacket& packet, bool isAudio) {
    if (isAudio) return muxer_.write(packet, kAudioStream, interleaver_.audio()->timeBase());
    const int64_t dtsUs = usOfTicks(packet.dts, options_.fps);
    const int64_t writtenUs = usOfTicks(packet.dts + packet.duration, options_.fps);
    if (frames_ == 0) flushedUs_ = dtsUs;
    muxer_.write(packet, kVideoStream, tickOf(options_.fps));
    frames_++;
    const int64_t fragmentMs = options_.pieces.fragmentMs;
    const bool isShort = writtenUs - flushedUs_ < fragmentMs * kFlushShare;
    if (isShort && nowNs() - lastFlushNs_ < fragmentMs * kFlushWallShare * 1000) return;
    muxer_.flush();
    flushedUs_ = writtenUs;
    lastFlushNs_ = nowNs();
  }

  // An empty file cannot be played, and would look like a result.
  void removeEmpty() {
    muxer_.close();
    std::error_code ignored;
    if (container_.local && std::filesystem::is_regular_file(options_.path, ignored))
      std::filesystem::remove(options_.path, ignored);
  }

  // Writing goes on into a file that was removed: nothing fails, and nothing is left.
  void requireThere() const {
    std::error_code error;
    if (!container_.local || frames_ == 0 || std::filesystem::exists(options_.path, error)) return;
    throw Error(ErrorCode::OUTPUT_FAILED, "The output " + options_.path + " was removed while it was written.");
  }

  bool finalise(bool complete) {
    std::error_code error;
    if (!container_.fragmented) return true;
    if (frames_ == 0 || !std::filesystem::is_regular_file(options_.path, error)) return false;
    if (!complete && std::filesystem::file_size(options_.path, error) > kQuickRemuxBytes) return false;
    try {
      remux(options_.path, container_, options_.fps, options_.endBy);
      return true;
    } catch (const Error& e) {
      // Everything is in the fragments and plays; `finalised` reports it.
      if (e.code == ErrorCode::OUTPUT_DISK_FULL || e.code == ErrorCode::CANCELLED) return false;
      throw;
    }
  }

  void setContainerOptions(AvDictionary& privates) const {
    const std::string_view format = container_.format;
    if (container_.fragmented) {
      // Fragments end at flush(); the header waits for the first one, so that edit lists (B-frames, priming
      // of AAC) are known and playback starts at 0.
      privates.set("movflags", "+frag_custom+delay_moov+default_base_moof");
    } else if (format == "hls") {
      const bool needsMp4Segments = codec_ != AV_CODEC_ID_H264;  // as Apple's specification asks
      const Pieces& pieces = options_.pieces;
      // In whole pictures, as the distance of keyframes is: one just before its time would make a segment of two.
      const int64_t pictures = int64_t{pieces.segmentMs} * options_.fps.num / (int64_t{options_.fps.den} * 1000);
      const int64_t segmentUs = usOfTicks(std::max<int64_t>(1, pictures), options_.fps) - kRoundingUs;
      privates.set("hls_time", (std::to_string(segmentUs) + "us").c_str());
      privates.set("hls_list_size", int64_t{pieces.windowSegments});
      if (pieces.windowSegments == 0) privates.set("hls_playlist_type", "event");  // grows while it is written
      const std::string flags = "independent_segments+temp_file";
      privates.set("hls_flags", (flags + (pieces.windowSegments > 0 ? "+delete_segments" : "")).c_str());
      if (needsMp4Segments) privates.set("hls_segment_type", "fmp4");
    } else if (format == "flv") {
      privates.set("flvflags", "no_duration_filesize");
    }
    if (!container_.local) privates.set("flush_packets", int64_t{1});
  }

  static constexpr int kVideoStream = 0;
  static constexpr int kAudioStream = 1;

  OutputOptions options_;
  Container container_;
  AVCodecID codec_;
  Muxer muxer_;
  Interleaver interleaver_;
  int64_t frames_ = 0;
  int64_t endUs_ = 0;      // of the pictures given so far
  int64_t flushedUs_ = 0;  // decode time up to which the file is safe
  int64_t lastFlushNs_ = 0;
};

// Opening a pipe waits for its reader, and what is no file cannot be gone back in.
void requireWritable(const OutputOptions& options) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(options.path, ignored);
  if (!fs::exists(status) || fs::is_regular_file(status) || fs::is_character_file(status)) return;
  throw Error(ErrorCode::OUTPUT_UNWRITABLE,
              "Cannot write " + options.path + ": it is " +
                  (fs::is_directory(status) ? "a folder" : "neither a file nor a character device") + ".",
              "Choose a path in an existing folder that you may write to.");
}

// The output is created before the audio is read: over the source itself it would destroy it.
void refuseOverwritingSources(const OutputOptions& options) {
  std::error_code ignored;
  for (const AudioInput& input : options.audio) {
    if (std::filesystem::equivalent(input.uri, options.path, ignored)) {
      throw Error(ErrorCode::INVALID_ARGUMENT, "The output " + options.path + " is also a source.",
                  "Write to another file.");
    }
  }
}

}  // namespace

OutputPlace placeOf(const std::string& path) {
  const Container container = containerOf(path);
  return {container.local, container.segmented};
}

std::unique_ptr<Output> openOutput(const OutputOptions& options, const Encoder& encoder) {
  const Container container = containerOf(options.path);
  const AVCodecID codec = encoder.parameters()->codec_id;
  if (!holds(container, codec)) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                std::string(avcodec_get_name(codec)) + " cannot go into " + options.path + ".",
                "Use h264, or write .mp4 or .mkv.");
  }
  if (container.local) requireWritable(options);
  refuseOverwritingSources(options);
  return std::make_unique<MuxedOutput>(options, container, encoder,
                                       openAudio(options.audio, options.joining, container));
}

}  // namespace framepath::media
