#include "track/nearness.h"

#include <algorithm>

namespace framepath::track {

namespace {

constexpr size_t kLanes = 8, kStep = 8 * kLanes;  // values between two looks at the sum
constexpr float kSlack = 1e-3f;                   // for the order of additions

float total(const float (&lanes)[kLanes]) {
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

}  // namespace

void Means::set(size_t i, const std::vector<float>& mean) {
  if (dims_ == 0 && !mean.empty()) {
    dims_ = (mean.size() + kStep - 1) / kStep * kStep;
    values_.resize(dims_ * counts_.size());
  }
  counts_[i] = mean.size();
  if (mean.size() <= dims_) std::copy(mean.begin(), mean.end(), values_.data() + i * dims_);
}

bool Means::beyond(size_t i, size_t j) const {
  if (counts_[i] == 0 || counts_[j] == 0 || counts_[i] != counts_[j]) return true;  // there is no distance
  if (counts_[i] > dims_) return false;
  const float *a = values_.data() + i * dims_, *b = values_.data() + j * dims_;
  float lanes[kLanes] = {};
  if (space_.metric == Metric::l2) {
    const float most = limit_ * limit_ * (1 + kSlack);
    for (size_t at = 0; at < dims_; at += kStep) {
      for (size_t k = 0; k < kStep; k += kLanes)
        for (size_t lane = 0; lane < kLanes; lane++) {
          const float difference = a[at + k + lane] - b[at + k + lane];
          lanes[lane] += difference * difference;
        }
      if (total(lanes) > most) return true;
    }
    return false;
  }
  for (size_t at = 0; at < dims_; at += kLanes)
    for (size_t lane = 0; lane < kLanes; lane++) lanes[lane] += a[at + lane] * b[at + lane];
  return 1 - total(lanes) > limit_ + kSlack;
}

}  // namespace framepath::track
