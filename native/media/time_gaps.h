// A source's clock without its gaps: pictures, and the audio that belongs to them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "generated/source_defaults.h"

namespace framepath::media {

// Listener for recoveries of a source: what happened, and why.
using Recovered = std::function<void(const std::string& what, const std::string& reason)>;

inline constexpr int64_t kUsualMaxGapMs =
    static_cast<int64_t>(defaults::SourceSpec::maxGapMs);  // SourceOptions::maxGapMs
inline constexpr int64_t kNoMaxGap = -1;

// A piece of a source's time that is cut out; or its clock was set back, and `fromUs` in all is added to it from then
// on.
struct TimeChange {
  bool setBack = false;
  int64_t fromUs = 0, toUs = 0;
};

// Pieces that are cut out of a source's time, and how its clock was mended. The reader of the pictures adds them, the
// reader of the audio, on another thread and with a connection of its own, asks. Times are microseconds of the source,
// from its start.
class TimeCuts {
 public:
  void add(int64_t fromUs, int64_t toUs) { change({false, fromUs, toUs}); }
  // Where a time of the source lies on the clock without gaps.
  int64_t placeUs(int64_t timeUs) const {
    std::lock_guard lock(mutex_);
    int64_t cutUs = 0;
    for (const TimeChange& cut : cuts_) {
      if (timeUs <= cut.fromUs) break;
      cutUs += std::min(timeUs, cut.toUs) - cut.fromUs;
    }
    return timeUs - cutUs;
  }
  // The clock was set back: from then on `shiftUs` in all is added to it.
  void setBack(int64_t shiftUs) { change({true, shiftUs, 0}); }
  // What is added once it was set back after `before` other times; none while it was not.
  std::optional<int64_t> shiftUs(size_t before) const {
    std::lock_guard lock(mutex_);
    return before < shifts_.size() ? std::optional(shifts_[before]) : std::nullopt;
  }
  // Whether all of [fromUs, toUs] is cut out.
  bool cutsOut(int64_t fromUs, int64_t toUs) const {
    std::lock_guard lock(mutex_);
    return std::any_of(cuts_.begin(), cuts_.end(),
                       [&](const TimeChange& cut) { return fromUs >= cut.fromUs && toUs <= cut.toUs; });
  }

  // Both kinds in their order, for a reader in another process: what came after the first `known`.
  void change(const TimeChange& change) {
    std::lock_guard lock(mutex_);
    changes_.push_back(change);
    if (change.setBack)
      shifts_.push_back(change.fromUs);
    else
      cuts_.push_back(change);
  }
  std::vector<TimeChange> changesAfter(size_t known) const {
    std::lock_guard lock(mutex_);
    return {changes_.begin() + static_cast<std::ptrdiff_t>(std::min(known, changes_.size())), changes_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::vector<TimeChange> cuts_;  // ascending
  std::vector<int64_t> shifts_;
  std::vector<TimeChange> changes_;
};

// Places pictures, one after the other: a gap longer than `maxGapMs` (and than three frame intervals: a slide show has
// no gaps) is cut out, so that the next picture comes one interval after the last, the first one at 0. One thread.
class TimeGaps {
 public:
  TimeGaps(int64_t maxGapMs, double fps, std::shared_ptr<TimeCuts> cuts, Recovered recovered);

  // Times never decrease and count from the source's start.
  int64_t placeUs(int64_t timeUs);
  // What was cut out up to now.
  int64_t cutUs() const { return cutUs_; }
  // A picture never lasts longer than a gap may be.
  int64_t durationUs(int64_t durationUs) const { return durationUs > mostUs_ ? intervalUs_ : durationUs; }

 private:
  const int64_t mostUs_;
  const int64_t intervalUs_;
  const std::shared_ptr<TimeCuts> cuts_;  // null: no other reader
  const Recovered recovered_;
  bool first_ = true;
  int64_t lastUs_ = 0;  // of the source
  int64_t cutUs_ = 0;
};

// The clock of a source was set back: for `recovered`.
void reportJumpBack(const Recovered& recovered, int64_t backUs, int64_t atUs);

}  // namespace framepath::media
