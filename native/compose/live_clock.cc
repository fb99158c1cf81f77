#include "compose/live_clock.h"

namespace framepath::compose {

LiveClock::LiveClock(int32_t fpsNum, int32_t fpsDen, int64_t lookAheadUs, bool low)
    : fpsNum_(fpsNum),
      fpsDen_(fpsDen),
      // What lies past it is known with the next frame.
      lookAheadUs_(low ? tickUsFrom(lookAheadUs) : lookAheadUs),
      low_(low),
      latencyUs_(mostLatencyUs()),
      reserveUs_(leastReserveUs()) {}

int64_t LiveClock::sparedIntervals(int64_t leastEarlyUs) const {
  if (!low_) {
    const int64_t spared = leastEarlyUs / intervalUs();
    return spared >= 2 ? spared : 0;
  }
  if (!wantedUs_) return 0;
  return std::max<int64_t>(0, (leastEarlyUs + std::min(latencyUs_, *wantedUs_) - reserveUs_) / intervalUs());
}

void LiveClock::came(int64_t earlyUs, int64_t arrivedUs) {
  if (!low_) return;
  const int64_t spareUs = earlyUs + latencyUs_;
  if (spareUs < 0) {
    calmSinceUs_ = arrivedUs;
    if (spareUs > -mostLatencyUs()) reserveUs_ = std::min(2 * reserveUs_, marginUs());  // not an outage
    return;
  }
  leastUs_ = std::min(leastUs_.value_or(earlyUs), earlyUs);
  if (arrivedUs - windowUs_ < kWindowUs) return;
  windowUs_ = arrivedUs;
  if (arrivedUs - calmSinceUs_ > kCalmUs) {
    calmSinceUs_ = arrivedUs;
    reserveUs_ = std::max(reserveUs_ / 2, leastReserveUs());
  }
  if (leastBeforeUs_) aim(std::min(*leastUs_, *leastBeforeUs_));
  leastBeforeUs_ = leastUs_;
  leastUs_.reset();
}

// Where all frames come early, the latency is what lacks to a whole number of intervals: that many are spared.
// Where all frames come early, the latency is what is missing to a whole number of intervals: those are spared.
void LiveClock::aim(int64_t leastEarlyUs) {
  int64_t wantedUs = reserveUs_ - leastEarlyUs;
  if (wantedUs < 0) wantedUs = intervalUs() - 1 - (-wantedUs - 1) % intervalUs();
  wantedUs_ = wantedUs <= mostLatencyUs() ? wantedUs : leastEarlyUs > 0 ? 0 : mostLatencyUs();
}

// Slowly: canvases leave at an even pace.
void LiveClock::drawn() {
  if (!wantedUs_) return;
  const int64_t stepUs = std::max<int64_t>(1, intervalUs() / 20);
  latencyUs_ += std::clamp(*wantedUs_ - latencyUs_, -stepUs, stepUs);
}

}  // namespace framepath::compose
