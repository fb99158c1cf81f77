// The time of a composition: rational ticks over the sources' own times.
#pragma once
#include <cstdint>
#include <vector>

namespace framepath::compose {

// A tick n stands at n / fps seconds. For every tile the clock chooses the last frame at or before the tick; it needs
// the next one (or the end) to know. Pure bookkeeping: no frames, no threads.
class ProgrammeClock {
 public:
  ProgrammeClock(int32_t fpsNum, int32_t fpsDen, int32_t sources);

  int64_t tickUs(int64_t tick) const;  // exact rational, rounded to the nearest microsecond
  int64_t tick() const { return tick_; }
  void advance() { tick_++; }

  // What a source has: the time of its newest queued frame, or ended.
  void sawFrame(int32_t source, int64_t ptsUs);
  void sawEnd(int32_t source);
  bool ready() const;     // every source has a frame past the current tick, or ended
  bool finished() const;  // every source ended and the tick is past the last frame (plus its duration)
  void setDuration(int32_t source, int64_t endUs);  // when the last frame's display time ends

 private:
  struct SourceState {
    int64_t newestUs = -1;
    int64_t endUs = 0;
    bool ended = false;
  };
  int32_t fpsNum_, fpsDen_;
  int64_t tick_ = 0;
  std::vector<SourceState> sources_;
};

}  // namespace framepath::compose
