// RetinaFace (arXiv 1905.00641) as biubug6/Pytorch_Retinaface exports it (layers/functions/prior_box.py,
// utils/box_utils.py): two priors a cell on strides 8, 16, 32, squares of 2 and 4, 4 and 8 ... strides around the
// cell's centre. Rows of one output: probabilities (background, face); offsets in prior sizes with the variances 0.1
// (position) and 0.2 (size, by exp); five keypoints (eye R, eye L, nose, mouth corner R, mouth corner L) as positions
// are.
#pragma once
#include "kernels/head.h"

namespace framepath {

inline constexpr int32_t kRetinafaceKeypoints = 5;
inline constexpr int32_t kRetinafacePerCell = 2;

HD AnchorScore retinafaceScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const float score = valueAt(a.grids[0].scores, item, static_cast<int64_t>(anchor) * 2 + 1);
  return score >= a.threshold ? AnchorScore{score, 0} : nothingThere();
}

HD void retinafaceBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  const int32_t g = gridOf(a, anchor);
  const HeadGrid& grid = a.grids[g];
  const int32_t number = anchor - grid.first, cell = number / grid.perCell;
  const auto stride = static_cast<float>(grid.stride);
  const float x = (static_cast<float>(cell % grid.columns) + 0.5f) * stride;
  const float y = (static_cast<float>(cell / grid.columns) + 0.5f) * stride;
  // 16, 32 on stride 8; 64, 128 on 16; 256, 512 on 32
  const float side = static_cast<float>((number % grid.perCell == 0 ? 2 : 4) << g) * stride;
  const HeadTensor &boxes = a.grids[0].boxes, &keypoints = a.grids[0].keypoints;
  const int64_t at = static_cast<int64_t>(anchor) * 4;
  boxAround(x + valueAt(boxes, item, at) * 0.1f * side, y + valueAt(boxes, item, at + 1) * 0.1f * side,
            side * expPoly(valueAt(boxes, item, at + 2) * 0.2f), side * expPoly(valueAt(boxes, item, at + 3) * 0.2f),
            box);
  for (int32_t k = 0; k < kRetinafaceKeypoints; k++) {
    const int64_t point = (static_cast<int64_t>(anchor) * kRetinafaceKeypoints + k) * 2;
    points[2 * k] = x + valueAt(keypoints, item, point) * 0.1f * side;
    points[2 * k + 1] = y + valueAt(keypoints, item, point + 1) * 0.1f * side;
  }
}

}  // namespace framepath
