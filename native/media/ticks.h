// Times of a programme of constant rate: whole frames ("ticks") and microseconds. One tick is many microseconds, so
// going to microseconds and back gives the same tick: order and distance of packets survive the crossing.
#pragma once
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

}  // namespace framepath::media
