#include "compose/live_times.h"

#include <algorithm>
#include <utility>

namespace framepath::compose {

// In the middle before a tick that is drawn a margin later at the soonest.
int64_t LiveTimes::placedAnew(const LiveClock& clock, int64_t arrivedUs) const {
  return clock.tickUsFrom(arrivedUs + clock.marginUs() - clock.latencyUs()) - clock.intervalUs() / 2;
}

// By how much all frames came too early; 0: not long enough, or not enough to matter.
int64_t LiveTimes::excessUs(const LiveClock& clock, int64_t earlyUs, int64_t arrivedUs) {
  leastUs_ = std::min(leastUs_, earlyUs);
  if (arrivedUs - windowUs_ < kWindowUs) return 0;
  const std::optional<int64_t> before = std::exchange(leastBeforeUs_, leastUs_);
  const int64_t leastUs = std::min(leastUs_, before.value_or(leastUs_));
  leastUs_ = earlyUs;
  windowUs_ = arrivedUs;
  if (!before) return 0;
  const int64_t excessUs = clock.sparedIntervals(leastUs) * clock.intervalUs();
  if (excessUs > 0) leastBeforeUs_.reset();
  return excessUs;
}

LiveTimes::Placed LiveTimes::place(LiveClock& clock, int64_t ptsUs, int64_t arrivedUs) {
  const int64_t half = clock.intervalUs() / 2;
  const int64_t earlyUs = ptsUs + offsetUs_ + half - arrivedUs;
  const int64_t spareUs = earlyUs + clock.latencyUs();
  if (!placed_) firstUs_ = arrivedUs;
  const int64_t mostAheadUs = arrivedUs - firstUs_ < kStartUs ? clock.mostAheadAtStartUs() : kMostAheadUs;
  int64_t moved = 0;
  if (placed_) clock.came(clock.tickUsFrom(ptsUs + offsetUs_) - arrivedUs, arrivedUs);
  if (!placed_ || spareUs < 0 || spareUs > clock.latencyUs() + mostAheadUs) {
    moved = placedAnew(clock, arrivedUs) - ptsUs - offsetUs_;
    windowUs_ = arrivedUs;
    leastUs_ = earlyUs + moved;
    leastBeforeUs_.reset();
    placed_ = true;
  } else if (const int64_t excess = excessUs(clock, earlyUs, arrivedUs); excess > 0) {
    moved = -excess;
    leastUs_ -= excess;
  }
  offsetUs_ += moved;
  return {ptsUs + offsetUs_, moved};
}

}  // namespace framepath::compose
