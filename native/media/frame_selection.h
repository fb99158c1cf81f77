// Which of the decoded frames go on: the cut, every Nth, at most so many a second.
#pragma once
#include <cstdint>

#include "media/source_reader.h"

namespace framepath::media {

class FrameSelection {
 public:
  enum class Verdict { before, take, skip, after };

  explicit FrameSelection(const SourceOptions& options)
      : startUs_(options.startMs > 0 ? options.startMs * 1000 : 0),
        endUs_(options.endMs >= 0 ? options.endMs * 1000 : INT64_MAX),
        stride_(options.stride > 1 ? options.stride : 1),
        intervalUs_(options.maxFps > 0 ? 1e6 / options.maxFps : 0) {}

  // Called once for every frame, in order. `timeUs` from the source's origin.
  Verdict judge(int64_t timeUs) {
    if (timeUs + kRoundingUs < startUs_) return Verdict::before;
    if (endUs_ != INT64_MAX && timeUs + kRoundingUs >= endUs_) return Verdict::after;
    if (inside_++ % stride_ != 0) return Verdict::skip;
    if (intervalUs_ <= 0) return Verdict::take;
    const double time = static_cast<double>(timeUs);
    if (time + kRoundingUs < dueUs_) return Verdict::skip;
    // On the grid of the wanted rate as long as frames keep up with it, so that the mean rate is met.
    dueUs_ = time - dueUs_ > intervalUs_ ? time + intervalUs_ : dueUs_ + intervalUs_;
    return Verdict::take;
  }
  int64_t startUs() const { return startUs_; }
  int64_t sinceStartUs(int64_t timeUs) const { return timeUs > startUs_ ? timeUs - startUs_ : 0; }

 private:
  static constexpr int64_t kRoundingUs = 500;  // startMs and many containers count in milliseconds

  int64_t startUs_, endUs_;
  int64_t stride_;
  double intervalUs_;
  double dueUs_ = -1e18;
  int64_t inside_ = 0;
};

}  // namespace framepath::media
