#include "track/embedding_set.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/enum_names.h"
#include "core/error.h"
#include "track/identity.h"

namespace framepath::track {

EmbeddingSpace makeEmbeddingSpace(const IdentityOptions& options) {
  if (!std::isfinite(options.threshold)) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: threshold must be a number", "0.58 for l2, 0.5 for cosine");
  }
  const std::optional<Metric> metric = valueNamed<Metric>(options.metric);
  if (!metric) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: unknown metric '" + options.metric + "'",
                "use one of " + namesOf<Metric>());
  }
  switch (*metric) {
    case Metric::l2:
      if (options.threshold <= 0)
        throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: an l2 threshold must be above 0");
      return {Metric::l2, static_cast<float>(options.threshold)};
    case Metric::cosine:
      if (options.threshold <= -1 || options.threshold >= 1)
        throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: a cosine threshold must be between -1 and 1");
      return {Metric::cosine, static_cast<float>(1 - options.threshold)};
  }
  return {};
}

float limitFor(const EmbeddingSpace& space, size_t identities) {
  const double doublings = std::log2(std::max<double>(1, static_cast<double>(identities)));
  return space.limit * static_cast<float>(std::max(0.8, 1 - 0.02 * doublings));
}

float embeddingDistance(const EmbeddingSpace& space, const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return std::numeric_limits<float>::infinity();
  float sum = 0;
  if (space.metric == Metric::l2) {
    for (size_t i = 0; i < a.size(); i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(sum);
  }
  for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];  // normalised when added
  return 1 - sum;
}

void EmbeddingSet::add(const EmbeddingSpace& space, Embedding embedding) {
  float square = 0;
  for (const float value : embedding.values) square += value * value;
  if (!std::isfinite(square) || square <= 0 || !(embedding.weight > 0)) return;
  if (!embeddings_.empty() && embeddings_.front().values.size() != embedding.values.size()) return;
  if (space.metric == Metric::cosine) {
    const float scale = 1 / std::sqrt(square);
    for (float& value : embedding.values) value *= scale;
  }
  embeddings_.push_back(std::move(embedding));
  if (static_cast<int32_t>(embeddings_.size()) > capacity_) dropLeast(space);
  updateMean();
}

void EmbeddingSet::setCapacity(const EmbeddingSpace& space, int32_t capacity) {
  capacity_ = capacity;
  if (static_cast<int32_t>(embeddings_.size()) <= capacity) return;
  while (static_cast<int32_t>(embeddings_.size()) > capacity) dropLeast(space);
  embeddings_.shrink_to_fit();
  updateMean();
}

void EmbeddingSet::dropLeast(const EmbeddingSpace& space) {
  // What an embedding adds: its quality times the distance to its nearest neighbour in the set.
  size_t least = 0;
  float leastValue = std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < embeddings_.size(); i++) {
    float nearest = std::numeric_limits<float>::infinity();
    for (size_t j = 0; j < embeddings_.size(); j++) {
      if (i != j) nearest = std::min(nearest, embeddingDistance(space, embeddings_[i].values, embeddings_[j].values));
    }
    const float value =
        embeddings_[i].weight * embeddings_[i].weight * (0.1f * space.limit + std::min(nearest, space.limit));
    if (value < leastValue) least = i, leastValue = value;
  }
  embeddings_.erase(embeddings_.begin() + static_cast<std::ptrdiff_t>(least));
}

float EmbeddingSet::weight() const {
  float sum = 0;
  for (const Embedding& embedding : embeddings_) sum += embedding.weight;
  return sum;
}

void EmbeddingSet::updateMean() {
  mean_.assign(embeddings_.front().values.size(), 0);
  const float total = weight();
  for (const Embedding& embedding : embeddings_) {
    for (size_t i = 0; i < mean_.size(); i++) mean_[i] += embedding.weight / total * embedding.values[i];
  }
}

float setDistance(const EmbeddingSpace& space, const EmbeddingSet& a, const EmbeddingSet& b, float cutoff) {
  const float bound = embeddingDistance(space, a.mean(), b.mean());
  if (bound > cutoff || space.metric == Metric::cosine) return bound;
  double sum = 0, weights = 0;
  for (const Embedding& x : a.embeddings()) {
    for (const Embedding& y : b.embeddings()) {
      const double weight = static_cast<double>(x.weight) * y.weight;
      sum += weight * embeddingDistance(space, x.values, y.values);
      weights += weight;
    }
  }
  return weights > 0 ? static_cast<float>(sum / weights) : std::numeric_limits<float>::infinity();
}

}  // namespace framepath::track
