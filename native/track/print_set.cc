#include "track/print_set.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/enum_names.h"
#include "core/error.h"
#include "track/identity.h"

namespace framepath::track {

PrintSpace makePrintSpace(const IdentityOptions& options) {
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

float printDistance(const PrintSpace& space, const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return std::numeric_limits<float>::infinity();
  float sum = 0;
  if (space.metric == Metric::l2) {
    for (size_t i = 0; i < a.size(); i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(sum);
  }
  for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];  // normalised when added
  return 1 - sum;
}

void PrintSet::add(const PrintSpace& space, Print print) {
  float square = 0;
  for (const float value : print.values) square += value * value;
  if (!std::isfinite(square) || square <= 0 || !(print.weight > 0)) return;
  if (!prints_.empty() && prints_.front().values.size() != print.values.size()) return;
  if (space.metric == Metric::cosine) {
    const float scale = 1 / std::sqrt(square);
    for (float& value : print.values) value *= scale;
  }
  prints_.push_back(std::move(print));
  if (static_cast<int32_t>(prints_.size()) > capacity_) dropLeast(space);
  updateMean();
}

void PrintSet::setCapacity(const PrintSpace& space, int32_t capacity) {
  capacity_ = capacity;
  if (static_cast<int32_t>(prints_.size()) <= capacity) return;
  while (static_cast<int32_t>(prints_.size()) > capacity) dropLeast(space);
  prints_.shrink_to_fit();
  updateMean();
}

void PrintSet::dropLeast(const PrintSpace& space) {
  // What a print adds: its quality times the distance to its nearest neighbour in the set.
  size_t least = 0;
  float leastValue = std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < prints_.size(); i++) {
    float nearest = std::numeric_limits<float>::infinity();
    for (size_t j = 0; j < prints_.size(); j++) {
      if (i != j) nearest = std::min(nearest, printDistance(space, prints_[i].values, prints_[j].values));
    }
    const float value = prints_[i].weight * prints_[i].weight * (0.1f * space.limit + std::min(nearest, space.limit));
    if (value < leastValue) least = i, leastValue = value;
  }
  prints_.erase(prints_.begin() + static_cast<std::ptrdiff_t>(least));
}

float PrintSet::weight() const {
  float sum = 0;
  for (const Print& print : prints_) sum += print.weight;
  return sum;
}

void PrintSet::updateMean() {
  mean_.assign(prints_.front().values.size(), 0);
  const float total = weight();
  for (const Print& print : prints_) {
    for (size_t i = 0; i < mean_.size(); i++) mean_[i] += print.weight / total * print.values[i];
  }
}

float setDistance(const PrintSpace& space, const PrintSet& a, const PrintSet& b, float giveUp) {
  const float bound = printDistance(space, a.mean(), b.mean());
  if (bound > giveUp || space.metric == Metric::cosine) return bound;
  double sum = 0, weights = 0;
  for (const Print& x : a.prints()) {
    for (const Print& y : b.prints()) {
      const double weight = static_cast<double>(x.weight) * y.weight;
      sum += weight * printDistance(space, x.values, y.values);
      weights += weight;
    }
  }
  return weights > 0 ? static_cast<float>(sum / weights) : std::numeric_limits<float>::infinity();
}

}  // namespace framepath::track
