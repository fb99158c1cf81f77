// SCRFD (arXiv 2105.04714; insightface, detection/scrfd/tools/scrfd.py): two anchors a cell on strides 8, 16, 32, row
// major, each at its cell's corner. Scores are probabilities; a box is the distances to its left, top, right and bottom
// in strides, keypoints (eye R, eye L, nose, mouth corner R, mouth corner L) are offsets in strides.
#pragma once
#include "kernels/head.h"

namespace framepath {

inline constexpr int32_t kScrfdKeypoints = 5;
inline constexpr int32_t kScrfdPerCell = 2;

HD AnchorScore scrfdScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const float score = valueAt(grid.scores, item, anchor - grid.first);
  return score >= a.threshold ? AnchorScore{score, 0} : nothingThere();
}

HD void scrfdBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const int32_t number = anchor - grid.first, cell = number / grid.perCell;
  const auto stride = static_cast<float>(grid.stride);
  const float x = static_cast<float>(cell % grid.columns) * stride,
              y = static_cast<float>(cell / grid.columns) * stride;
  const int64_t at = static_cast<int64_t>(number) * 4;
  box[0] = x - valueAt(grid.boxes, item, at) * stride;
  box[1] = y - valueAt(grid.boxes, item, at + 1) * stride;
  box[2] = x + valueAt(grid.boxes, item, at + 2) * stride;
  box[3] = y + valueAt(grid.boxes, item, at + 3) * stride;
  for (int32_t k = 0; k < a.keypoints; k++) {
    const int64_t point = (static_cast<int64_t>(number) * a.keypoints + k) * 2;
    points[2 * k] = x + valueAt(grid.keypoints, item, point) * stride;
    points[2 * k + 1] = y + valueAt(grid.keypoints, item, point + 1) * stride;
  }
}

}  // namespace framepath
