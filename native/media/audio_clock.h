// Places the audio of a source on the clock of its pictures, without the gaps that were cut out of it.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "media/time_gaps.h"

namespace framepath::media {

// One thread. Times are microseconds from the source's start.
class AudioClock {
 public:
  explicit AudioClock(std::shared_ptr<const TimeCuts> cuts) : cuts_(std::move(cuts)) {}

  // Once for every piece of audio, in order: its time had the source's clock not been set back. Where only the audio's
  // was, nothing is known of it.
  int64_t mendUs(int64_t timeUs, int64_t durationUs) {
    if (cuts_ && timeUs + shiftUs_ < endUs_ - kJumpUs)
      if (const std::optional<int64_t> shiftUs = cuts_->shiftUs(jumps_)) {
        shiftUs_ = *shiftUs;
        jumps_++;
      }
    endUs_ = std::max(endUs_, timeUs + shiftUs_ + durationUs);
    return timeUs + shiftUs_;
  }
  // Where that lies; none where it is cut out. What is not cut out now may be later, when the pictures have come there.
  std::optional<int64_t> placeUs(int64_t mendedUs, int64_t durationUs) const {
    if (!cuts_) return mendedUs;
    if (cuts_->cutsOut(mendedUs, mendedUs + durationUs)) return std::nullopt;
    return cuts_->placeUs(mendedUs);
  }

 private:
  static constexpr int64_t kJumpUs = 1'000'000;  // as for pictures (FrameTimes)

  const std::shared_ptr<const TimeCuts> cuts_;  // null: none
  int64_t endUs_ = INT64_MIN / 2;
  int64_t shiftUs_ = 0;
  size_t jumps_ = 0;
};

}  // namespace framepath::media
