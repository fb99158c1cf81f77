// Durations in logarithmic buckets (1/16 octave: quantiles within 4.5 %), mergeable. Memory is bounded, and as much as
// durations differ: a stage that lasts is a few hundred bytes. Not thread-safe.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace framepath {

class Histogram {
 public:
  void add(int64_t ns);
  void merge(const Histogram& other);
  uint64_t count() const { return count_; }
  int64_t maxNs() const { return maxNs_; }
  int64_t totalNs() const { return totalNs_; }
  double totalMs() const { return static_cast<double>(totalNs_) / 1e6; }
  // How many values each octave has: entry k counts those below 2^(k+1) us and not below 2^k us, the first all below 2
  // us.
  std::array<uint64_t, 40> octaves() const;
  double quantileMs(double q) const;  // q in 0..1; 0 when empty
  double maxMs() const { return static_cast<double>(maxNs_) / 1e6; }

 private:
  static constexpr int kSteps = 16;             // buckets an octave
  static constexpr int kBuckets = 40 * kSteps;  // 1 us .. 2^40 us
  uint32_t& bucket(int number);

  std::vector<uint32_t> buckets_;  // those in use, and between them; the first one has the number first_
  int first_ = 0;
  uint64_t count_ = 0;
  int64_t totalNs_ = 0;
  int64_t maxNs_ = 0;
};

}  // namespace framepath
