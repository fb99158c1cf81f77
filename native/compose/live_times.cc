#include "compose/live_times.h"

#include <algorithm>

namespace framepath::compose {

// In the middle before a tick that is drawn in half the latency at the soonest.
int64_t LiveTimes::placedAnew(const LiveClock& clock, int64_t arrivedUs) const {
  return clock.tickUsFrom(arrivedUs - clock.latencyUs() / 2) - clock.intervalUs() / 2;
}

// By how much all frames came too early; 0: not long enough, or not enough to matter.
int64_t LiveTimes::excessUs(const LiveClock& clock, int64_t spareUs, int64_t arrivedUs) {
  leastUs_ = std::min(leastUs_, spareUs);
  if (arrivedUs - windowUs_ < kWindowUs) return 0;
  const int64_t least = leastBeforeUs_ < 0 ? -1 : std::min(leastUs_, leastBeforeUs_);
  leastBeforeUs_ = leastUs_;
  leastUs_ = spareUs;
  windowUs_ = arrivedUs;
  const int64_t excess = least - clock.latencyUs() - 2 * clock.intervalUs();
  if (excess < 0) return 0;
  leastBeforeUs_ = -1;
  return (least - clock.latencyUs()) / clock.intervalUs() * clock.intervalUs();
}

LiveTimes::Placed LiveTimes::place(const LiveClock& clock, int64_t ptsUs, int64_t arrivedUs) {
  const int64_t half = clock.intervalUs() / 2;
  const int64_t spareUs = ptsUs + offsetUs_ + half + clock.latencyUs() - arrivedUs;
  if (!placed_) firstUs_ = arrivedUs;
  const int64_t mostAheadUs = arrivedUs - firstUs_ < kStartUs ? kMostAheadAtStartUs : kMostAheadUs;
  int64_t moved = 0;
  if (!placed_ || spareUs < 0 || spareUs > clock.latencyUs() + mostAheadUs) {
    moved = placedAnew(clock, arrivedUs) - ptsUs - offsetUs_;
    windowUs_ = arrivedUs;
    leastUs_ = spareUs + moved;
    leastBeforeUs_ = -1;
    placed_ = true;
  } else if (const int64_t excess = excessUs(clock, spareUs, arrivedUs); excess > 0) {
    moved = -excess;
    leastUs_ -= excess;
  }
  offsetUs_ += moved;
  return {ptsUs + offsetUs_, moved};
}

}  // namespace framepath::compose
