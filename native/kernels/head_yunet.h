// YuNet (Wu, Peng, Yu: YuNet, 2023): one anchor a cell on strides 8, 16, 32; score = sqrt(class x objectness), both
// already probabilities; box centre and keypoints relative to the cell in strides, size by exp. Keypoints: eye R, eye
// L, nose, mouth corner R, mouth corner L.
#pragma once
#include "kernels/head.h"

namespace framepath {

inline constexpr int32_t kYunetKeypoints = 5;

HD AnchorScore yunetScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const int32_t cell = anchor - grid.first;
  const float score = squareRoot(clampTo(valueAt(grid.scores, item, cell), 0.0f, 1.0f) *
                                 clampTo(valueAt(grid.objectness, item, cell), 0.0f, 1.0f));
  return score >= a.threshold ? AnchorScore{score, 0} : nothingThere();
}

HD void yunetBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const int32_t cell = anchor - grid.first;
  const auto column = static_cast<float>(cell % grid.columns), row = static_cast<float>(cell / grid.columns);
  const auto stride = static_cast<float>(grid.stride);
  const HeadTensor& v = grid.boxes;
  const int64_t at = static_cast<int64_t>(cell) * 4;
  boxAround((column + valueAt(v, item, at)) * stride, (row + valueAt(v, item, at + 1)) * stride,
            expPoly(valueAt(v, item, at + 2)) * stride, expPoly(valueAt(v, item, at + 3)) * stride, box);
  for (int32_t k = 0; k < kYunetKeypoints; k++) {
    const int64_t point = (static_cast<int64_t>(cell) * kYunetKeypoints + k) * 2;
    points[2 * k] = (valueAt(grid.keypoints, item, point) + column) * stride;
    points[2 * k + 1] = (valueAt(grid.keypoints, item, point + 1) + row) * stride;
  }
}

}  // namespace framepath
