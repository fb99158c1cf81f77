#include "core/histogram.h"

#include <algorithm>
#include <cmath>

namespace framepath {

uint32_t& Histogram::bucket(int number) {
  if (buckets_.empty()) first_ = number;
  if (number < first_) {
    buckets_.insert(buckets_.begin(), static_cast<size_t>(first_ - number), 0);
    first_ = number;
  }
  const auto at = static_cast<size_t>(number - first_);
  if (at >= buckets_.size()) buckets_.resize(at + 1);
  return buckets_[at];
}

void Histogram::add(int64_t ns) {
  ns = std::max<int64_t>(ns, 0);
  const double us = static_cast<double>(ns) / 1000.0;
  const int number = us <= 1 ? 0 : static_cast<int>(std::log2(us) * kSteps);
  bucket(std::min(number, kBuckets - 1))++;
  count_++;
  totalNs_ += ns;
  maxNs_ = std::max(maxNs_, ns);
}

void Histogram::merge(const Histogram& other) {
  for (size_t i = 0; i < other.buckets_.size(); i++) bucket(other.first_ + static_cast<int>(i)) += other.buckets_[i];
  count_ += other.count_;
  totalNs_ += other.totalNs_;
  maxNs_ = std::max(maxNs_, other.maxNs_);
}

std::array<uint64_t, 40> Histogram::octaves() const {
  std::array<uint64_t, 40> counts{};
  for (size_t i = 0; i < buckets_.size(); i++) counts[(static_cast<size_t>(first_) + i) / kSteps] += buckets_[i];
  return counts;
}

double Histogram::quantileMs(double q) const {
  if (!count_) return 0;
  const uint64_t rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); i++) {
    seen += buckets_[i];
    if (seen >= rank) {
      const double us = std::exp2((first_ + static_cast<double>(i) + 0.5) / kSteps);
      return std::min(us / 1000.0, maxMs());
    }
  }
  return maxMs();
}

}  // namespace framepath
