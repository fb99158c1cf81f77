#include "media/audio_copy.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "media/audio_clock.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

// A cut this close to a packet's start is on it: startMs itself is no finer.
constexpr int64_t kOnPacketUs = 1'000;
// Audio may begin this late without silence before it; encoders' first packets often do.
constexpr int64_t kLateStartUs = 40'000;

class CopiedAudio : public AudioTrack {
 public:
  CopiedAudio(std::unique_ptr<Input> input, int stream, const AudioInput& cut, int64_t zeroUs, int64_t lengthUs,
              AvPacket first)
      : input_(std::move(input)),
        stream_(stream),
        source_(cut.source),
        zero_(ticks(zeroUs)),
        lengthUs_(lengthUs),
        stop_(cut.stop),
        clock_(cut.cuts),
        next_(std::move(first)) {
    next_->pts = av_sat_sub64(next_->pts, zero_);
    lastPts_ = av_sat_sub64(next_->pts, 1);
    mendNext();
  }

  const AVCodecParameters& parameters() const override { return *input_->format()->streams[stream_]->codecpar; }
  AVRational timeBase() const override { return input_->format()->streams[stream_]->time_base; }
  // What the pictures cut out by now is left out: that may be known after a packet was read, not when it was.
  int64_t nextUs() const override { return next_ ? clock_.placeUs(mendedUs_, 0).value_or(INT64_MIN) : INT64_MAX; }

  void advance(int64_t untilUs, const Emit& emit) override {
    while (next_ && nextUs() < untilUs) {
      const std::optional<int64_t> placedUs = clock_.placeUs(mendedUs_, durationUs());
      if (!placedUs && stop_ && stop_->passed()) {  // hours of audio without pictures
        next_ = nullptr;
        return;
      }
      if (placedUs) {
        next_->pts += ticks(*placedUs - timeUs_);
        if (next_->pts > lastPts_) {
          lastPts_ = next_->pts;
          next_->dts = next_->pts;
          emit(std::move(next_));
        }
      }
      readNext();
      if (next_ && endUs_ >= 0 && nextUs() >= endUs_) next_ = nullptr;
    }
  }
  void finish(int64_t endUs, const Emit& emit) override { advance(endUs, emit); }
  void join(AudioRef, int64_t) override {
    throw Error(ErrorCode::INTERNAL, "A source joined an audio track that is copied.");
  }
  void leave(int32_t source, int64_t atUs) override {
    if (source != source_) return;
    endUs_ = endUs_ < 0 ? atUs : std::min(endUs_, atUs);
    if (next_ && nextUs() >= endUs_) next_ = nullptr;
  }
  std::vector<std::string> losses() const override {
    return loss_.empty() ? std::vector<std::string>{} : std::vector{loss_};
  }

 private:
  int64_t durationUs() const { return av_rescale_q(next_->duration, timeBase(), kMicroseconds); }
  void mendNext() {
    timeUs_ = av_rescale_q(next_->pts, timeBase(), kMicroseconds);
    mendedUs_ = clock_.mendUs(timeUs_, durationUs());
    if (lengthUs_ >= 0 && mendedUs_ >= lengthUs_) next_ = nullptr;
  }
  int64_t ticks(int64_t us) const { return av_rescale_q(us, kMicroseconds, timeBase()); }

  // Packets without a place in time cannot be written: they are left out.
  void readNext() {
    next_ = newPacket();
    try {
      while (true) {
        const int result = input_->read(*next_);
        if (result < 0) {
          if (result != AVERROR_EOF && !input_->stopped())
            loss_ = "Reading the audio of \"" + input_->uri() + "\" failed: " + avErrorText(result) + ".";
          break;
        }
        if (next_->stream_index == stream_ && next_->pts != AV_NOPTS_VALUE) {
          next_->pts = av_sat_sub64(next_->pts, zero_);
          return mendNext();
        }
        av_packet_unref(next_.get());
      }
    } catch (const Error& error) {
      loss_ = error.sentence;
    }
    next_ = nullptr;
  }

  std::unique_ptr<Input> input_;
  int stream_;
  int32_t source_;
  int64_t zero_;
  const int64_t lengthUs_;  // of the cut, in the source's time; -1 = none
  const StopRef stop_;
  AudioClock clock_;
  int64_t endUs_ = -1;                 // composition time, -1 = none
  int64_t timeUs_ = 0, mendedUs_ = 0;  // of next_, from the source's start
  int64_t lastPts_ = INT64_MIN;
  AvPacket next_;
  std::string loss_;
};

// The first packet that ends after `zeroUs`; null = there is none or it has no time. `isCut`: times are rounded, and
// one that ends there by them belongs to what was cut off.
AvPacket firstPacket(Input& input, int stream, int64_t zeroUs, bool isCut) {
  const AVRational timeBase = input.format()->streams[stream]->time_base;
  const int64_t zero = av_rescale_q(zeroUs, kMicroseconds, timeBase);
  AvPacket packet = newPacket();
  while (input.read(*packet) >= 0) {
    if (packet->stream_index == stream) {
      if (packet->pts == AV_NOPTS_VALUE || packet->duration <= 0) return nullptr;
      if (av_sat_add64(packet->pts, packet->duration) > zero + (isCut ? 1 : 0)) return packet;
    }
    av_packet_unref(packet.get());
  }
  return nullptr;
}

// AAC out of MPEG-TS has its configuration in every packet. Other containers want it in their header, and the filter
// that libav puts in between by itself comes too late for an MP4 whose header waits for the first fragment.
bool lacksHeader(const AVCodecParameters& audio, const Container& container) {
  return audio.codec_id == AV_CODEC_ID_AAC && audio.extradata_size == 0 &&
         std::string_view(container.format) != "mpegts";
}

// What this libavformat makes of the details: no MP3 of 11 kHz in MP4, none of FLAC before FFmpeg 6.
bool isWritten(const AVCodecParameters& audio, AVRational timeBase, const Container& container) {
  if (container.segmented) return true;  // its muxer makes files as soon as it is asked
  AVFormatContext* made = nullptr;
  if (avformat_alloc_output_context2(&made, nullptr, container.format, nullptr) < 0) return false;
  const AvOutput context(made);
  AVStream* stream = avformat_new_stream(made, nullptr);
  if (!stream || avcodec_parameters_copy(stream->codecpar, &audio) < 0) return false;
  stream->codecpar->codec_tag = 0;
  stream->time_base = timeBase;
  if (avio_open_dyn_buf(&made->pb) < 0) return false;
  AvDictionary options;
  if (container.fragmented) options.set("movflags", "+frag_custom");  // else it wants to seek
  const int result = avformat_init_output(made, &options);
  uint8_t* written = nullptr;
  avio_close_dyn_buf(std::exchange(made->pb, nullptr), &written);
  av_free(written);
  takeLastLog();
  return result >= 0;
}

}  // namespace

std::unique_ptr<AudioTrack> tryCopyAudio(std::unique_ptr<Input>& input, int stream, const AudioInput& cut,
                                         const Container& container) {
  const AVStream& audio = *input->format()->streams[stream];
  if (cut.offsetMs != 0 || !holds(container, audio.codecpar->codec_id)) return nullptr;
  if (lacksHeader(*audio.codecpar, container) || !isWritten(*audio.codecpar, audio.time_base, container))
    return nullptr;
  const int64_t origin = input->originUs();
  const int64_t zeroUs = (origin == AV_NOPTS_VALUE ? 0 : origin) + cut.startMs * 1000;
  if (cut.startMs > 0) {
    if (!input->seekable() || !input->seek(stream, av_rescale_q(zeroUs, kMicroseconds, audio.time_base)))
      return nullptr;
  }
  AvPacket first = firstPacket(*input, stream, zeroUs, cut.startMs > 0);
  if (!first) return nullptr;
  const int64_t distanceUs = boundedUs(first->pts, audio.time_base) - zeroUs;
  // From the file's own start its first packet is right whatever its time: priming lies before 0 and is skipped by
  // players as it was in the source. Elsewhere the cut must be where a packet starts.
  const bool fits = cut.startMs == 0 ? distanceUs <= kLateStartUs : std::abs(distanceUs) <= kOnPacketUs;
  if (!fits) return nullptr;
  const int64_t lengthUs = cut.endMs < 0 ? -1 : (cut.endMs - cut.startMs) * 1000;
  return std::make_unique<CopiedAudio>(std::move(input), stream, cut, zeroUs, lengthUs, std::move(first));
}

}  // namespace framepath::media
