#include "core/histogram.h"

#include <algorithm>
#include <cmath>

namespace framepath {

void Histogram::add(int64_t ns) {
  ns = std::max<int64_t>(ns, 0);
  const double us = static_cast<double>(ns) / 1000.0;
  const int bucket = us <= 1 ? 0 : static_cast<int>(std::log2(us) * kSteps);
  buckets_[std::min(bucket, kBuckets - 1)]++;
  count_++;
  totalNs_ += ns;
  maxNs_ = std::max(maxNs_, ns);
}

void Histogram::merge(const Histogram& other) {
  for (int i = 0; i < kBuckets; i++) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  totalNs_ += other.totalNs_;
  maxNs_ = std::max(maxNs_, other.maxNs_);
}

std::array<uint64_t, 40> Histogram::octaves() const {
  std::array<uint64_t, 40> counts{};
  for (int i = 0; i < kBuckets; i++) counts[static_cast<size_t>(i / kSteps)] += buckets_[i];
  return counts;
}

double Histogram::quantileMs(double q) const {
  if (!count_) return 0;
  const uint64_t rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (int i = 0; i < kBuckets; i++) {
    seen += buckets_[i];
    if (seen >= rank) {
      const double us = std::exp2((i + 0.5) / kSteps);
      return std::min(us / 1000.0, maxMs());
    }
  }
  return maxMs();
}

}  // namespace framepath
