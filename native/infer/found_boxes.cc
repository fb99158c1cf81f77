#include "infer/found_boxes.h"

#include <cmath>

namespace framepath::infer {
namespace {

void appendRow(std::vector<float>& to, const std::vector<float>& from, size_t row, size_t values) {
  if (!from.empty()) to.insert(to.end(), from.begin() + row * values, from.begin() + (row + 1) * values);
}

}  // namespace

void mapToFrame(Detections& found, const Placement& back) {
  const auto x = [&](float v) { return static_cast<float>(v * back.scaleX + back.offsetX); };
  const auto y = [&](float v) { return static_cast<float>(v * back.scaleY + back.offsetY); };
  for (Box& box : found.boxes) box = {x(box.x1), y(box.y1), x(box.x2), y(box.y2)};
  for (size_t i = 0; i + 1 < found.keypoints.size(); i += 2) {
    found.keypoints[i] = x(found.keypoints[i]);
    found.keypoints[i + 1] = y(found.keypoints[i + 1]);
  }
}

FoundBoxes picked(const FoundBoxes& from, const std::vector<size_t>& order) {
  FoundBoxes to;
  to.keypointsPer = from.keypointsPer;
  const auto points = static_cast<size_t>(from.keypointsPer);
  for (const size_t i : order) {
    to.boxes.push_back(from.boxes[i]);
    to.scores.push_back(from.scores[i]);
    to.classes.push_back(from.classes[i]);
    to.anchors.push_back(from.anchors[i]);
    appendRow(to.keypoints, from.keypoints, i, 2 * points);
    appendRow(to.keypointScores, from.keypointScores, i, points);
  }
  return to;
}

void keepUsable(FoundBoxes& found, size_t most) {
  std::vector<size_t> usable;
  for (size_t i = 0; i < found.size() && usable.size() < most; i++) {
    const Box& box = found.boxes[i];
    if (std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) && std::isfinite(box.y2))
      usable.push_back(i);
  }
  if (usable.size() != found.size()) found = picked(found, usable);
}

}  // namespace framepath::infer
