#include "core/results.h"

#include <algorithm>
#include <numeric>

#include "core/frame.h"

namespace framepath {

float intersectionOverUnion(const Box& a, const Box& b) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const float intersection = width * height;
  const float unionArea = a.area() + b.area() - intersection;
  return unionArea > 0 ? intersection / unionArea : 0;
}

void addBestClasses(const float* scores, int32_t count, int32_t topK, Classes& to) {
  std::vector<int32_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const int32_t k = std::min(count, topK);
  std::partial_sort(order.begin(), order.begin() + k, order.end(),
                    [&](int32_t a, int32_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  to.rows++;
  to.topK = k;
  for (int32_t i = 0; i < k; i++) {
    to.indices.push_back(order[i]);
    to.scores.push_back(scores[order[i]]);
  }
}

Box wholeFrame(const Frame& frame) {
  return {0, 0, static_cast<float>(frame.width), static_cast<float>(frame.height)};
}

}  // namespace framepath
