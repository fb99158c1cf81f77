// Whose audio begins and ends when, from the thread that knows the composition's clock to the one that writes.
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
  void begin(media::AudioRef audio, int64_t fromUs) { give({std::move(audio), 0, fromUs}); }
  void end(int32_t source, int64_t atUs) { give({nullptr, source, atUs}); }

  void apply(media::Output& output) {
    std::vector<Cue> cues;
    {
      std::lock_guard lock(mutex_);
      cues.swap(cues_);
    }
    for (Cue& cue : cues) {
      if (cue.audio)
        output.addAudio(std::move(cue.audio), cue.atUs);
      else
        output.endAudio(cue.source, cue.atUs);
    }
  }

 private:
  struct Cue {
    media::AudioRef audio;  // null: `source` ends
    int32_t source;
    int64_t atUs;
  };
  void give(Cue cue) {
    std::lock_guard lock(mutex_);
    cues_.push_back(std::move(cue));
  }

  std::mutex mutex_;
  std::vector<Cue> cues_;
};

}  // namespace framepath::graph
