// Times of a composition: ticks, which are whole frames where its rate is constant, and microseconds. One tick is many
// microseconds, so going to microseconds and back gives the same tick: order and distance of packets survive the
// crossing.
#pragma once
#include <algorithm>

#include "media/av.h"
#include "media/source_info.h"

namespace framepath::media {

inline constexpr AVRational kMicroseconds{1, 1'000'000};

inline AVRational tickOf(Rational fps) {
  return {fps.den, fps.num};
}
inline int64_t ticksOfUs(int64_t us, Rational fps) {
  return av_rescale_q(us, kMicroseconds, tickOf(fps));
}
inline int64_t usOfTicks(int64_t ticks, Rational fps) {
  return av_rescale_q(ticks, tickOf(fps), kMicroseconds);
}

// Damaged files have any time stamp. Some centuries are enough, and sums of a few of them do not overflow.
inline constexpr int64_t kFarUs = int64_t{1} << 54;
inline int64_t boundedUs(int64_t stamp, AVRational timeBase) {
  return std::clamp(av_rescale_q(stamp, timeBase, kMicroseconds), -kFarUs, kFarUs);
}

}  // namespace framepath::media
