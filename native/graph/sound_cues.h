// Whose sound begins and ends when, from the thread that knows the programme's clock to the one that writes.
#pragma once
#include <mutex>
#include <utility>
#include <vector>

#include "media/output.h"

namespace framepath::graph {

// Thread-safe. A cue for tick n is given before tick n is drawn, so whoever writes a packet and asks before writing has
// it in time.
class SoundCues {
 public:
  void begin(media::SoundRef sound, int64_t fromUs) { give({std::move(sound), 0, fromUs}); }
  void end(int32_t source, int64_t atUs) { give({nullptr, source, atUs}); }

  void apply(media::Output& output) {
    std::vector<Cue> cues;
    {
      std::lock_guard lock(mutex_);
      cues.swap(cues_);
    }
    for (Cue& cue : cues) {
      if (cue.sound)
        output.addSound(std::move(cue.sound), cue.atUs);
      else
        output.endSound(cue.source, cue.atUs);
    }
  }

 private:
  struct Cue {
    media::SoundRef sound;  // null: `source` ends
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
