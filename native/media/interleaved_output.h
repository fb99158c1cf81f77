// What outputs of pictures and audio have in common: both go through one interleaver.
#pragma once
#include <algorithm>
#include <memory>
#include <utility>

#include "media/interleaver.h"
#include "media/output.h"
#include "media/ticks.h"
#include "media/wrapped_packet.h"

namespace framepath::media {

class InterleavedOutput : public Output {
 public:
  void write(const Packet& packet) override {
    endUs_ = std::max(endUs_, packet.ptsUs + packet.durationUs);
    interleaver_.push(wrapped(packet, ticks_), endUs_);
  }
  void drawn(int64_t ptsUs) override { interleaver_.drawn(ptsUs + usOfTicks(1, options_.fps)); }

  void addAudio(AudioRef audio, int64_t fromUs) override {
    if (AudioTrack* track = interleaver_.audio()) track->join(std::move(audio), fromUs);
  }
  void endAudio(int32_t source, int64_t atUs) override {
    if (AudioTrack* track = interleaver_.audio()) track->leave(source, atUs);
  }
  bool hasAudio() const override { return interleaver_.audio() != nullptr; }
  bool adjustsAudio() const override { return interleaver_.audio() && interleaver_.audio()->adjustable(); }
  void setGain(int32_t source, float gain) override {
    if (AudioTrack* track = interleaver_.audio()) track->setGain(source, gain);
  }

 protected:
  InterleavedOutput(const OutputOptions& options, const Encoder& encoder, std::unique_ptr<AudioTrack> audio)
      : options_(options),
        ticks_(options.ticks.num > 0 ? options.ticks : options.fps),
        codec_(encoder.parameters()->codec_id),
        interleaver_(std::move(audio), tickOf(ticks_), !options.lowLatency,
                     [this](AVPacket& packet, bool isAudio) { writeNow(packet, isAudio); }) {}

  // The next packet, in order.
  virtual void writeNow(AVPacket& packet, bool isAudio) = 0;

  // At the end; whether it is complete is for the caller to say.
  OutputResult result() const {
    OutputResult result;
    result.path = options_.path;
    result.codec = avcodec_get_name(codec_);
    result.frames = frames_;
    result.durationMs = (endUs_ + 500) / 1000;
    const AudioTrack* audio = interleaver_.audio();
    result.hasAudio = audio != nullptr;
    if (!audio) return result;
    result.audioLosses = audio->losses();
    result.silent = audio->silent();
    return result;
  }

  const OutputOptions options_;
  const Rational ticks_;
  const AVCodecID codec_;
  Interleaver interleaver_;
  int64_t frames_ = 0;
  int64_t endUs_ = 0;  // of the pictures given so far
};

}  // namespace framepath::media
