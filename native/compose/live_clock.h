// When the ticks of a composition with live sources are drawn: by the clock on the wall, a little after their time.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "compose/output_clock.h"

namespace framepath::compose {

// Ticks are drawn a latency after their time. It is constant, or, with `low`, follows the sources: in steady state the
// latest frame comes a reserve before its tick is drawn. The reserve grows when frames come after their tick, and
// shrinks again after a while without any. What all sources come early by whole intervals is not taken off the latency
// but off the times of the sources (LiveTimes), so that the output keeps to the clock on the wall. Pure bookkeeping;
// one thread. Wall times are of nowNs().
class LiveClock {
 public:
  // `lookAheadUs`: what a tick needs of a live source past itself.
  LiveClock(int32_t fpsNum, int32_t fpsDen, int64_t lookAheadUs = 0, bool low = false);

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
  int64_t dueNs(int64_t tickUs) const { return originNs_ + (tickUs + latencyUs_ + lookAheadUs_) * 1000; }

  // The time of the first tick from `us` on.
  int64_t tickUsFrom(int64_t us) const { return usOfTick(tickFrom(us, fpsNum_, fpsDen_), fpsNum_, fpsDen_); }
  int64_t intervalUs() const { return std::max<int64_t>(1, usOfTick(1, fpsNum_, fpsDen_)); }
  // Pictures that come that late are still in time: two frame intervals, at most 100 ms, or less with `low`.
  int64_t latencyUs() const { return latencyUs_; }
  // What a source that is placed anew has left before its tick is drawn, at least.
  int64_t marginUs() const { return mostLatencyUs() / 2; }
  // How much of a burst a source may keep that has just begun.
  int64_t mostAheadAtStartUs() const { return low_ ? intervalUs() : 200'000; }
  // By how many whole intervals a source may come later, whose frames all come at least so long before their ticks are
  // drawn.
  int64_t sparedIntervals(int64_t leastSpareUs) const;

  // A frame came that long before the time of its tick (negative: after it). Its source stays where it is.
  void came(int64_t earlyUs, int64_t arrivedUs);
  // A tick was drawn.
  void drawn();

 private:
  int64_t mostLatencyUs() const { return std::min<int64_t>(2 * intervalUs(), 100'000); }
  int64_t leastReserveUs() const { return std::min<int64_t>(intervalUs() / 4, 10'000); }
  void aim(int64_t leastEarlyUs);

  static constexpr int64_t kWindowUs = 2'500'000;
  static constexpr int64_t kCalmUs = 20'000'000;  // so long without a late frame halves the reserve

  const int32_t fpsNum_, fpsDen_;
  const int64_t lookAheadUs_;
  const bool low_;
  bool running_ = false;
  int64_t originNs_ = 0;
  int64_t latencyUs_, reserveUs_;
  std::optional<int64_t> wantedUs_;  // the latency to come to; none: not known yet
  int64_t calmSinceUs_ = 0;
  // The least earliness of all sources, in this window and the one before.
  int64_t windowUs_ = 0;
  std::optional<int64_t> leastUs_, leastBeforeUs_;
};

}  // namespace framepath::compose
