#include "media/output.h"

extern "C" {
#include <libavutil/avstring.h>
}
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/clock.h"
#include "media/interleaved_output.h"
#include "media/muxer.h"
#include "media/remux.h"
#include "media/stream_output.h"
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

// What the names of HLS segments begin with, as a pattern of libav: "a0.ts" for a.m3u8, "a1-0.ts" for a1.m3u8, so that
// playlists in one folder share none.
std::string segmentName(const std::string& playlist) {
  const std::string plain = std::filesystem::absolute(playlist).replace_extension().string();
  std::string name;
  for (const char c : plain) name += c == '%' ? "%%" : std::string(1, c);
  return name + (std::isdigit(static_cast<unsigned char>(name.back())) ? "-" : "");
}

bool isM2ts(const std::string& path) {
  return av_match_ext(path.c_str(), "m2ts");
}

// A device is written to as it is.
bool needsPart(const std::string& path, const Container& container) {
  std::error_code ignored;
  return !container.segmented && !std::filesystem::is_character_file(path, ignored);
}

// A file, or HLS.
class MuxedOutput final : public InterleavedOutput {
 public:
  MuxedOutput(const OutputOptions& options, const Container& container, const Encoder& encoder,
              std::unique_ptr<AudioTrack> audio)
      : InterleavedOutput(options, encoder, std::move(audio)),
        container_(container),
        part_(needsPart(options.path, container) ? std::make_unique<PartFile>(options.path, "part") : nullptr),
        muxer_(options.path, container, part_.get(), options.stop) {
    muxer_.addStream(*encoder.parameters(), tickOf(ticks_), options.fps, options.hdrMetadata);
    if (const AudioTrack* track = interleaver_.audio()) muxer_.addStream(track->parameters(), track->timeBase());
    AvDictionary privates;
    setContainerOptions(privates);
    muxer_.begin(privates);
    lastFlushNs_ = nowNs();
  }

  ~MuxedOutput() override {
    if (finished_) return;
    try {
      muxer_.close();
      keep();
    } catch (const Error&) {
      // Nobody waits for it: the run has failed with another error.
    }
  }

  OutputResult finish(bool complete) override {
    if (!muxer_.failed()) interleaver_.finish(endUs_);
    bool ended = false, finalised = false;
    if (muxer_.failed() || frames_ == 0) {
      muxer_.close();
    } else {
      muxer_.end();
      ended = true;
      finalised = finalise(complete);
    }
    finished_ = true;
    keep();
    OutputResult result = this->result();
    result.complete = ended && complete;
    result.finalised = finalised;
    return result;
  }

 private:
  void writeNow(AVPacket& packet, bool isAudio) override {
    if (isAudio) {
      audioBegun_ = true;
      if (options_.audioPacket) options_.audioPacket(audioPacketOf(packet, *interleaver_.audio()));
      return muxer_.write(packet, kAudioStream, interleaver_.audio()->timeBase());
    }
    const int64_t dtsUs = usOfTicks(packet.dts, ticks_);
    const int64_t writtenUs = usOfTicks(packet.dts + packet.duration, ticks_);
    if (frames_ == 0) flushedUs_ = dtsUs;
    muxer_.write(packet, kVideoStream, tickOf(ticks_));
    frames_++;
    const int64_t fragmentMs = options_.pieces.fragmentMs;
    const bool isShort = writtenUs - flushedUs_ < fragmentMs * kFlushShare;
    if (isShort && nowNs() - lastFlushNs_ < fragmentMs * kFlushWallShare * 1000) return;
    if (!headerIsKnown()) return;
    muxer_.flush();
    flushedUs_ = writtenUs;
    lastFlushNs_ = nowNs();
  }

  // The header of an MP4 is written by its first flush. It describes the audio by its first packet: the codec (AC-3),
  // and how many samples players skip (AAC).
  bool headerIsKnown() const {
    const AudioTrack* audio = interleaver_.audio();
    return !container_.fragmented || audioBegun_ || !audio || audio->nextUs() == INT64_MAX;
  }

  // An empty file cannot be played, and would look like a result: what was at the path stays.
  void keep() {
    if (part_ && frames_ > 0 && muxer_.playable() && headerIsKnown()) part_->commit();
    part_ = nullptr;
  }

  bool finalise(bool complete) {
    if (!container_.fragmented || !part_) return true;
    if (frames_ == 0 || (!complete && part_->bytes() > kQuickRemuxBytes)) return false;
    try {
      auto finished = std::make_unique<PartFile>(options_.path, "finishing");
      remux(*part_, *finished, container_, options_.fps, options_.endBy);
      part_ = std::move(finished);
      return true;
    } catch (const Error& e) {
      // Everything is in the fragments and plays; `finalised` reports it.
      if (e.code == ErrorCode::OUTPUT_DISK_FULL || e.code == ErrorCode::CANCELLED ||
          e.code == ErrorCode::OUTPUT_UNWRITABLE)
        return false;
      throw Error(e.code, e.sentence, "What was written is in " + std::exchange(part_, nullptr)->leave() + ".");
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
      privates.set("hls_flags",
                   pieces.windowSegments > 0 ? "independent_segments+delete_segments" : "independent_segments");
      const std::string name = segmentName(options_.path);
      privates.set("hls_segment_filename", (name + (needsMp4Segments ? "%d.m4s" : "%d.ts")).c_str());
      if (needsMp4Segments) {
        privates.set("hls_segment_type", "fmp4");
        privates.set("hls_fmp4_init_filename",
                     (std::filesystem::path(options_.path).stem().string() + "-init.mp4").c_str());
      }
    } else if (format == "mpegts" && isM2ts(options_.path)) {
      privates.set("mpegts_m2ts_mode", int64_t{1});  // libav would go by the name of the file that it opens
    }
  }

  static constexpr int kVideoStream = 0;
  static constexpr int kAudioStream = 1;

  Container container_;
  std::unique_ptr<PartFile> part_;  // null: a device, or HLS, which has many
  Muxer muxer_;
  bool audioBegun_ = false;
  bool finished_ = false;
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

void requireHeld(const std::string& path, const Container& container, AVCodecID codec) {
  if (holds(container, codec)) return;
  throw Error(ErrorCode::INVALID_ARGUMENT, std::string(avcodec_get_name(codec)) + " cannot go into " + path + ".",
              "Use h264, or write .mp4 or .mkv.");
}

AVCodecID idOf(VideoCodec codec) {
  switch (codec) {
    case VideoCodec::h264: return AV_CODEC_ID_H264;
    case VideoCodec::hevc: return AV_CODEC_ID_HEVC;
    case VideoCodec::av1: return AV_CODEC_ID_AV1;
  }
  return AV_CODEC_ID_NONE;
}

}  // namespace

void requireFit(const std::string& path, VideoCodec codec) {
  requireHeld(path, containerOf(path), idOf(codec));
}

OutputPlace placeOf(const std::string& path) {
  const Container container = containerOf(path);
  return {container.local, container.segmented};
}

std::unique_ptr<Output> openOutput(const OutputOptions& options, const Encoder& encoder) {
  const Container container = containerOf(options.path);
  requireHeld(options.path, container, encoder.parameters()->codec_id);
  if (container.local) requireWritable(options);
  refuseOverwritingSources(options);
  std::unique_ptr<AudioTrack> audio = openAudio(options.audio, options.joining, container);
  if (!container.local) return openStreamOutput(options, container, encoder, std::move(audio));
  return std::make_unique<MuxedOutput>(options, container, encoder, std::move(audio));
}

}  // namespace framepath::media
