// The bitrate that pictures call for, inside what the caller allows.
#pragma once
#include <array>
#include <cstdint>

#include "kernels/complexity_summary.h"
#include "media/encoder.h"

namespace framepath::media {

// What changes from one picture to the next, times how fine it is: what an encoder cannot take from the picture before.
// `temporal` must be the change since the picture just before.
double activity(const Complexity& complexity);

// How much there is to encode: 0 (a still picture) to 1 (noise, fast motion of fine detail), by the logarithm.
double complexityScore(double activity);

class RateController {
 public:
  // Bits per second, 0 < min < max.
  RateController(int64_t min, int64_t max);

  // A picture was measured. Returns the target: min at score 0, max at 1, by equal factors in between, of the median
  // activity of the last kWindow measurements, so that one cut changes nothing.
  int64_t next(const Complexity& complexity);

  // The target before anything is measured.
  int64_t start() const;

  RateFigures figures() const;

  static constexpr size_t kWindow = 3;

 private:
  int64_t at(double score) const;

  const double min_, max_;
  std::array<double, kWindow> latest_{};
  int64_t measured_ = 0;
  double scores_ = 0, targets_ = 0;
  int64_t least_ = 0, most_ = 0;
};

}  // namespace framepath::media
