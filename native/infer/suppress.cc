#include "infer/suppress.h"

#include <algorithm>

namespace framepath::infer {
void suppress(FoundBoxes& found, float iou) {
  std::vector<size_t> kept;
  for (size_t i = 0; i < found.size(); i++) {
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](size_t k) {
      return found.classes[k] == found.classes[i] && intersectionOverUnion(found.boxes[k], found.boxes[i]) > iou;
    });
    if (!hidden) kept.push_back(i);
  }
  if (kept.size() != found.size()) found = picked(found, kept);
}

void suppressWeighted(FoundBoxes& found, float iou) {
  const size_t floats = static_cast<size_t>(found.keypointsPer) * 2;
  std::vector<bool> taken(found.size(), false);
  FoundBoxes merged;
  merged.keypointsPer = found.keypointsPer;
  for (size_t i = 0; i < found.size(); i++) {
    if (taken[i]) continue;
    Box sum;
    std::vector<float> points(floats, 0.0f);
    float weight = 0;
    for (size_t j = i; j < found.size(); j++) {
      if (taken[j] || (j != i && !(intersectionOverUnion(found.boxes[i], found.boxes[j]) > iou))) continue;
      taken[j] = true;
      const float w = found.scores[j];
      weight += w;
      sum.x1 += found.boxes[j].x1 * w, sum.y1 += found.boxes[j].y1 * w;
      sum.x2 += found.boxes[j].x2 * w, sum.y2 += found.boxes[j].y2 * w;
      for (size_t k = 0; k < floats; k++) points[k] += found.keypoints[j * floats + k] * w;
    }
    merged.boxes.push_back({sum.x1 / weight, sum.y1 / weight, sum.x2 / weight, sum.y2 / weight});
    merged.scores.push_back(found.scores[i]);
    merged.classes.push_back(found.classes[i]);
    merged.anchors.push_back(found.anchors[i]);
    for (const float point : points) merged.keypoints.push_back(point / weight);
  }
  found = std::move(merged);
}

}  // namespace framepath::infer
