#include "media/time_gaps.h"

#include <cmath>
#include <cstdio>

namespace framepath::media {
namespace {

constexpr int64_t kFar = INT64_MAX / 8;
constexpr int64_t kLongestIntervalUs = 10'000'000;
constexpr double kUsualFps = 25;

int64_t intervalOf(double fps) {
  return static_cast<int64_t>(std::min(1e15, 1e6 / (fps > 0 ? fps : kUsualFps)));
}

int64_t mostOf(int64_t maxGapMs, double fps) {
  if (maxGapMs < 0) return kFar;
  return std::max(std::min(maxGapMs, kFar / 1000) * 1000, 3 * intervalOf(fps));
}

}  // namespace

TimeGaps::TimeGaps(int64_t maxGapMs, double fps, std::shared_ptr<TimeCuts> cuts, Recovered recovered)
    : mostUs_(mostOf(maxGapMs, fps)),
      intervalUs_(std::clamp<int64_t>(intervalOf(fps), 1, kLongestIntervalUs)),
      cuts_(std::move(cuts)),
      recovered_(std::move(recovered)) {}

int64_t TimeGaps::placeUs(int64_t timeUs) {
  const int64_t gapUs = timeUs - lastUs_;
  if (gapUs > mostUs_) {
    const int64_t fromUs = first_ ? lastUs_ : lastUs_ + intervalUs_;
    cutUs_ += timeUs - fromUs;
    if (cuts_) cuts_->add(fromUs, timeUs);
    if (recovered_) {
      char text[160];
      std::snprintf(text, sizeof text, "No picture for %.1f s after %.3f s of the source; times go on without the gap.",
                    static_cast<double>(gapUs) / 1e6, static_cast<double>(lastUs_) / 1e6);
      recovered_("gap in times cut out", text);
    }
  }
  first_ = false;
  lastUs_ = timeUs;
  return timeUs - cutUs_;
}

void reportJumpBack(const Recovered& recovered, int64_t backUs, int64_t atUs) {
  if (!recovered) return;
  char text[160];
  std::snprintf(text, sizeof text, "Times jumped back by %.1f s after %.3f s of the source; they go on from there.",
                static_cast<double>(backUs) / 1e6, static_cast<double>(atUs) / 1e6);
  recovered("times jumped back, went on", text);
}

}  // namespace framepath::media
