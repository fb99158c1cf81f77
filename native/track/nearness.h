// Which pairs of many embeddings are too far apart to be looked at: the same maths as embeddingDistance, in eight
// lanes.
#pragma once
#include <cstddef>
#include <vector>

#include "track/embedding_set.h"

namespace framepath::track {

class Means {
 public:
  Means() = default;
  Means(const EmbeddingSpace& space, float limit, size_t count) : space_(space), limit_(limit), counts_(count, 0) {}

  void set(size_t i, const std::vector<float>& mean);
  // The distance is surely not below the limit; false where it may be, or where sizes differ.
  bool beyond(size_t i, size_t j) const;

 private:
  EmbeddingSpace space_;
  float limit_ = 0;
  size_t dims_ = 0;             // of the first, made a multiple of the lanes by zeros
  std::vector<size_t> counts_;  // of each; 0 = none
  std::vector<float> values_;   // one after the other
};

}  // namespace framepath::track
