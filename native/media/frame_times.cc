#include "media/frame_times.h"

#include <algorithm>
#include <cmath>

#include "media/av.h"
#include "media/compat.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

constexpr double kDefaultFps = 25;
constexpr int64_t kJumpUs = 1'000'000;  // further back than any reordering: the clock was restarted
constexpr int32_t kStuckPictures = 3;
constexpr int64_t kLastUs = 4 * kFarUs;  // the clock stands still there, so that nothing added to a time overflows

}  // namespace

FrameTimes::FrameTimes(AVRational timeBase, int64_t originUs, Rational fps, bool trusted)
    : timeBase_(timeBase),
      originUs_(originUs),
      fps_(fps.num > 0 && fps.den > 0 ? fps.value() : kDefaultFps),
      periodUs_(std::llround(1e6 / fps_)),
      trusted_(trusted && timeBase.num > 0 && timeBase.den > 0) {}

void FrameTimes::jump() {
  indexFromTime_ = true;
  first_ = true;
  shiftUs_ = 0;
  stuck_ = 0;
}

bool FrameTimes::ownTimeUs(const AVFrame& picture, int64_t& timeUs) const {
  if (!trusted_ || picture.best_effort_timestamp == AV_NOPTS_VALUE) return false;
  const int64_t us = boundedUs(picture.best_effort_timestamp, timeBase_);
  timeUs = originUs_ == AV_NOPTS_VALUE ? us : us - originUs_;
  return true;
}

int64_t FrameTimes::originUs() const {
  return originUs_ == AV_NOPTS_VALUE ? 0 : originUs_;
}

FrameStamp FrameTimes::stamp(const AVFrame& picture) {
  FrameStamp stamp;
  const int64_t duration = frameDuration(picture);
  stamp.durationUs = trusted_ && duration > 0 ? std::max<int64_t>(0, boundedUs(duration, timeBase_)) : periodUs_;

  if (int64_t own; trusted_ && ownTimeUs(picture, own)) {
    if (originUs_ == AV_NOPTS_VALUE) {
      originUs_ = own;
      own = 0;
    }
    stamp.timeUs = mend(own, stamp.backUs);
  } else if (trusted_) {
    stamp.timeUs = first_ ? 0 : lastUs_ + (lastDurationUs_ > 0 ? lastDurationUs_ : periodUs_);
  } else {
    stamp.timeUs = std::llround(static_cast<double>(index_) * 1e6 / fps_);
  }

  stamp.timeUs = std::min(stamp.timeUs, kLastUs);

  if (first_ && indexFromTime_) index_ = std::llround(static_cast<double>(stamp.timeUs) * fps_ / 1e6);
  stamp.index = index_++;
  first_ = false;
  lastUs_ = stamp.timeUs;
  lastDurationUs_ = stamp.durationUs;
  return stamp;
}

int64_t FrameTimes::mend(int64_t timeUs, int64_t& backUs) {
  timeUs += shiftUs_;
  if (first_) return std::max<int64_t>(0, timeUs);
  if (timeUs > lastUs_) {
    stuck_ = 0;
    return timeUs;
  }
  if (timeUs < lastUs_ - kJumpUs) {
    backUs = lastUs_ - timeUs;
    shiftUs_ += lastUs_ + periodUs_ - timeUs;
    return lastUs_ + periodUs_;
  }
  return ++stuck_ < kStuckPictures ? lastUs_ : lastUs_ + periodUs_;
}

}  // namespace framepath::media
