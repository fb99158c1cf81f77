// A bounded set of embeddings of one person, and how far two sets are from one another.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "generated/core_enums.h"

namespace framepath::track {

struct IdentityOptions;

// Distances: L2 of raw embeddings, or 1 - cosine. `limit` is the distance below which two embeddings show the same
// person.
struct EmbeddingSpace {
  Metric metric = Metric::l2;
  float limit = 0.58f;
};
EmbeddingSpace makeEmbeddingSpace(const IdentityOptions& options);  // throws INVALID_ARGUMENT
// The limit among so many identities: it decreases slowly as more people could be mistaken for one another.
float limitFor(const EmbeddingSpace& space, size_t identities);

struct Embedding {
  std::vector<float> values;
  float weight = 0;  // quality, 0..1
};

float embeddingDistance(const EmbeddingSpace& space, const std::vector<float>& a, const std::vector<float>& b);

class EmbeddingSet {
 public:
  explicit EmbeddingSet(int32_t capacity = 24) : capacity_(capacity) {}
  // Over capacity the least informative embedding goes: a poor one, or one of the two that are most alike.
  void add(const EmbeddingSpace& space, Embedding embedding);
  void clear() { embeddings_.clear(), mean_.clear(); }
  void setCapacity(const EmbeddingSpace& space, int32_t capacity);
  bool empty() const { return embeddings_.empty(); }
  size_t size() const { return embeddings_.size(); }
  float weight() const;
  const std::vector<Embedding>& embeddings() const { return embeddings_; }
  const std::vector<float>& mean() const { return mean_; }  // weighted

 private:
  void dropLeast(const EmbeddingSpace& space);
  void updateMean();
  int32_t capacity_;
  std::vector<Embedding> embeddings_;
  std::vector<float> mean_;
};

// Mean distance over all pairs, weighted by the product of the qualities: comparable with the limit of single
// embeddings, steadier than the nearest pair. Infinity when a set is empty or the dimensions differ. Above `cutoff` any
// larger value may come back, sooner: the distance of the means is a lower bound (and for cosine the mean itself).
float setDistance(const EmbeddingSpace& space, const EmbeddingSet& a, const EmbeddingSet& b,
                  float cutoff = std::numeric_limits<float>::infinity());

}  // namespace framepath::track
