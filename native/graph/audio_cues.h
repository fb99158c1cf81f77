// Whose audio begins and ends when, and how loud it is, from the thread that knows the composition's clock to the one
// that writes.
#pragma once
#include <mutex>
#include <utility>
#include <vector>

#include "media/output.h"

namespace framepath::graph {

// Thread-safe. A cue for tick n is given before tick n is drawn, so a writer that reads the cues before each packet has
// it in time.
class AudioCues {
 public:
  void begin(media::AudioRef audio, int64_t fromUs) { give({Kind::begin, std::move(audio), 0, fromUs, 0}); }
  void end(int32_t source, int64_t atUs) { give({Kind::end, nullptr, source, atUs, 0}); }
  void gain(int32_t source, float gain) { give({Kind::gain, nullptr, source, 0, gain}); }

  void apply(media::Output& output) {
    std::vector<Cue> cues;
    {
      std::lock_guard lock(mutex_);
      cues.swap(cues_);
    }
    for (Cue& cue : cues) {
      switch (cue.kind) {
        case Kind::begin: output.addAudio(std::move(cue.audio), cue.atUs); break;
        case Kind::end: output.endAudio(cue.source, cue.atUs); break;
        case Kind::gain: output.setGain(cue.source, cue.gain); break;
      }
    }
  }

 private:
  enum class Kind : uint8_t { begin, end, gain };
  struct Cue {
    Kind kind;
    media::AudioRef audio;  // that begins
    int32_t source;
    int64_t atUs;
    float gain;
  };
  void give(Cue cue) {
    std::lock_guard lock(mutex_);
    cues_.push_back(std::move(cue));
  }

  std::mutex mutex_;
  std::vector<Cue> cues_;
};

}  // namespace framepath::graph
