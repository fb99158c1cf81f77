// A bounded set of prints of one person, and how far two sets are from one another.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "generated/core_enums.h"

namespace framepath::track {

struct IdentityOptions;

// Distances: L2 of raw prints, or 1 - cosine. `limit` is the distance below which two prints show the same person.
struct PrintSpace {
  Metric metric = Metric::l2;
  float limit = 0.58f;
};
PrintSpace makePrintSpace(const IdentityOptions& options);  // throws INVALID_ARGUMENT

struct Print {
  std::vector<float> values;
  float weight = 0;  // quality, 0..1
};

float printDistance(const PrintSpace& space, const std::vector<float>& a, const std::vector<float>& b);

class PrintSet {
 public:
  explicit PrintSet(int32_t capacity = 24) : capacity_(capacity) {}
  // Over capacity the print goes that says least: a poor one, or one of the two that are most alike.
  void add(const PrintSpace& space, Print print);
  void clear() { prints_.clear(), mean_.clear(); }
  void setCapacity(const PrintSpace& space, int32_t capacity);
  bool empty() const { return prints_.empty(); }
  size_t size() const { return prints_.size(); }
  float weight() const;
  const std::vector<Print>& prints() const { return prints_; }
  const std::vector<float>& mean() const { return mean_; }  // weighted

 private:
  void dropLeast(const PrintSpace& space);
  void updateMean();
  int32_t capacity_;
  std::vector<Print> prints_;
  std::vector<float> mean_;
};

// Mean distance over all pairs, weighted by the product of the qualities: comparable with the limit of single prints,
// steadier than the nearest pair. Infinity when a set is empty or the dimensions differ. Above `giveUp` any larger
// value may come back, sooner: the distance of the means is a lower bound (and for cosine the mean itself).
float setDistance(const PrintSpace& space, const PrintSet& a, const PrintSet& b,
                  float giveUp = std::numeric_limits<float>::infinity());

}  // namespace framepath::track
