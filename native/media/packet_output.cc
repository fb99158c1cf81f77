// An output without a file: the audio of an encoder's packets.
#include <algorithm>
#include <deque>
#include <utility>

#include "media/audio.h"
#include "media/container.h"
#include "media/output.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

class PacketOutput final : public Output {
 public:
  PacketOutput(const OutputOptions& options, std::unique_ptr<AudioTrack> audio)
      : taken_(options.audioPacket), intervalUs_(usOfTicks(1, options.fps)), audio_(std::move(audio)) {}

  void write(const Packet& packet) override {
    frames_++;
    endUs_ = std::max(endUs_, packet.ptsUs + packet.durationUs);
    drawnTo(endUs_);
    for (; !waiting_.empty() && waiting_.front().ptsUs < endUs_; waiting_.pop_front()) taken_(waiting_.front());
  }
  void drawn(int64_t ptsUs) override {
    if (audio_->live()) drawnTo(ptsUs + intervalUs_);
  }
  void addAudio(AudioRef audio, int64_t fromUs) override { audio_->join(std::move(audio), fromUs); }
  void endAudio(int32_t source, int64_t atUs) override { audio_->leave(source, atUs); }
  bool hasAudio() const override { return true; }
  bool adjustsAudio() const override { return audio_->adjustable(); }
  void setGain(int32_t source, float gain) override { audio_->setGain(source, gain); }
  OutputResult finish(bool complete) override {
    audio_->finish(endUs_, keep_);
    for (const Packet& packet : waiting_)
      if (packet.ptsUs < endUs_) taken_(packet);
    OutputResult result;
    result.frames = frames_;
    result.durationMs = (endUs_ + 500) / 1000;
    result.complete = complete;
    result.hasAudio = true;
    result.audioLosses = audio_->losses();
    result.silent = audio_->silent();
    return result;
  }

 private:
  void drawnTo(int64_t untilUs) { audio_->advance(untilUs, keep_); }

  const std::function<void(Packet)> taken_;
  const int64_t intervalUs_;
  const std::unique_ptr<AudioTrack> audio_;
  const AudioTrack::Emit keep_ = [this](const AvPacket& audio) { waiting_.push_back(audioPacketOf(*audio, *audio_)); };
  std::deque<Packet> waiting_;  // for the pictures of their time
  int64_t frames_ = 0, endUs_ = 0;
};

}  // namespace

Packet audioPacketOf(const AVPacket& packet, const AudioTrack& track) {
  const auto us = [&](int64_t ticks) { return av_rescale_q(ticks, track.timeBase(), kMicroseconds); };
  Packet out;
  out.stream = PacketStream::audio;
  out.codec = avcodec_get_name(track.parameters().codec_id);
  out.data = std::make_shared<const std::vector<uint8_t>>(packet.data, packet.data + packet.size);
  out.ptsUs = us(packet.pts);
  out.dtsUs = us(packet.dts);
  out.durationUs = us(packet.duration);
  out.keyframe = true;
  return out;
}

std::unique_ptr<Output> openPacketOutput(const OutputOptions& options) {
  const Container anything = containerOf("packets.mkv");  // whatever the audio is, it may be copied
  std::unique_ptr<AudioTrack> audio = openAudio(options.audio, options.joining, anything);
  if (!audio) return nullptr;
  return std::make_unique<PacketOutput>(options, std::move(audio));
}

}  // namespace framepath::media
