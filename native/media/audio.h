// The audio of an output: compressed packets on the composition's clock, made on demand.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/container.h"
#include "media/output.h"

namespace framepath::media {

// One thread. Holds a few packets at most, however long the composition.
class AudioTrack {
 public:
  using Emit = std::function<void(AvPacket)>;  // times in timeBase(), in order

  virtual ~AudioTrack() = default;
  virtual const AVCodecParameters& parameters() const = 0;
  virtual AVRational timeBase() const = 0;
  // Emits packets up to a composition time that the pictures have reached already.
  virtual void advance(int64_t untilUs, const Emit& emit) = 0;
  // The rest: audio ends at `endUs` (to the sample when encoded here, to the packet when copied).
  virtual void finish(int64_t endUs, const Emit& emit) = 0;
  // As Output::addAudio and endAudio. Only a track opened for it can be joined.
  virtual void join(AudioRef audio, int64_t fromUs) = 0;
  virtual void leave(int32_t source, int64_t atUs) = 0;
  // As Output::setGain; only of one that is encoded here.
  virtual bool adjustable() const { return false; }
  // Whether a source is live.
  virtual bool live() const { return false; }
  virtual void setGain(int32_t, float) {}
  // No packet to come starts before this; INT64_MAX = none will come.
  virtual int64_t nextUs() const = 0;
  // Sentences about sources whose audio broke off (it is silence from there).
  virtual std::vector<std::string> losses() const = 0;
  virtual std::vector<SilentAudio> silent() const { return {}; }
};

// Null: no input has audio, and none may join. One input is copied when its codec fits the container, the cut falls on
// its packets, none may join and it is read in this process, otherwise it is decoded and encoded again; several are
// mixed. Throws what opening the sources throws, and ENCODER_UNAVAILABLE.
std::unique_ptr<AudioTrack> openAudio(const std::vector<AudioInput>& inputs, bool joining, const Container& container);

// A packet of it for those who take no file.
Packet audioPacketOf(const AVPacket& packet, const AudioTrack& track);

}  // namespace framepath::media
