// When the ticks of a composition with live sources are drawn: by the clock on the wall, a little after their time.
#pragma once
#include <algorithm>
#include <cstdint>

#include "compose/output_clock.h"

namespace framepath::compose {

// Pure bookkeeping; one thread. Wall times are of nowNs().
class LiveClock {
 public:
  // `lookAheadUs`: what a tick needs of a live source past itself.
  LiveClock(int32_t fpsNum, int32_t fpsDen, int64_t lookAheadUs = 0)
      : fpsNum_(fpsNum), fpsDen_(fpsDen), lookAheadUs_(lookAheadUs) {}

  // The output's time `us` is now; only the first call counts.
  void start(int64_t wallNs, int64_t us) {
    if (running_) return;
    running_ = true;
    originNs_ = wallNs - us * 1000;
  }
  bool running() const { return running_; }
  // The output's time at a wall time.
  int64_t timeUs(int64_t wallNs) const { return (wallNs - originNs_) / 1000; }
  // When a tick is drawn.
  int64_t dueNs(int64_t tickUs) const { return originNs_ + (tickUs + latencyUs() + lookAheadUs_) * 1000; }

  // The time of the first tick from `us` on.
  int64_t tickUsFrom(int64_t us) const { return usOfTick(tickFrom(us, fpsNum_, fpsDen_), fpsNum_, fpsDen_); }
  int64_t intervalUs() const { return std::max<int64_t>(1, usOfTick(1, fpsNum_, fpsDen_)); }
  // Pictures that come that late are still in time: two frame intervals, at most 100 ms.
  int64_t latencyUs() const { return std::min<int64_t>(2 * intervalUs(), 100'000); }

 private:
  const int32_t fpsNum_, fpsDen_;
  const int64_t lookAheadUs_;
  bool running_ = false;
  int64_t originNs_ = 0;
};

}  // namespace framepath::compose
