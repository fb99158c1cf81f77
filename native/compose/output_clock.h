// The time of a composition: rational ticks over the sources' own times.
#pragma once
#include <cstdint>
#include <deque>
#include <map>

namespace framepath::compose {

// Exact, rounded to the nearest microsecond.
int64_t usOfTick(int64_t tick, int32_t fpsNum, int32_t fpsDen);
// The first tick from `us` on.
int64_t tickFrom(int64_t us, int32_t fpsNum, int32_t fpsDen);

// A tick n stands at n / fps seconds. For every tile the clock chooses the last frame at or before the tick; it needs
// the next one (or the end) to know. Pure bookkeeping: no frames, no threads.
//
// A source that joins later stands at the tick at which its first frame came; until then no tick waits for it, as long
// as another source runs. Times of sawFrame and setDuration are the composition's.
class OutputClock {
 public:
  OutputClock(int32_t fpsNum, int32_t fpsDen, int32_t sources = 0);

  // A source that is there from the start, and one more, of a number that is free.
  void add(int32_t source) { sources_[source] = {}; }
  void join(int32_t source);
  // A tick needs to know the source that far past itself.
  void setLookAhead(int32_t source, int64_t us);
  // Removed: no tick waits for it, and what it still had does not make the composition longer.
  void leave(int32_t source);
  // The frames of the only source are the ticks, until another one joins. Before its first frame.
  void keepTimes() { keepsTimes_ = true; }

  int64_t tickUs(int64_t tick) const;
  int64_t tick() const { return tick_; }
  void advance();
  // On to the first tick from `us` on; returns how many are left out.
  int64_t skipTo(int64_t us);

  // What a source has: the time of its newest queued frame, or ended.
  void sawFrame(int32_t source, int64_t ptsUs);
  void sawEnd(int32_t source);
  // Every source has a frame past the current tick and its look-ahead, or ended. Where a live source is shown this is
  // not asked: LiveClock decides.
  bool ready() const;
  bool finished() const;  // every source ended and the tick is past the last frame (plus its duration)
  void setDuration(int32_t source, int64_t endUs);  // when the last frame's display time ends

 private:
  struct SourceState {
    int64_t newestUs = -1;
    int64_t endUs = 0;
    int64_t lookAheadUs = 0;
    bool ended = false;
    bool joining = false;  // late, and no frame yet
  };
  void sawTime(int64_t ptsUs);

  int32_t fpsNum_, fpsDen_;
  int64_t tick_ = 0;
  bool keepsTimes_ = false;
  std::deque<int64_t> times_;  // of tick_ and those after it, where they are kept
  int64_t lastTimeUs_ = -1;    // the latest of them so far
  std::map<int32_t, SourceState> sources_;
};

}  // namespace framepath::compose
