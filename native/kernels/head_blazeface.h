// BlazeFace (arXiv 1907.05047): 896 anchors over a 16x16 grid (two a cell) and an 8x8 grid (six a cell), row major;
// every anchor sits at its cell's centre. Scores are logits; boxes are centre, width and height in input pixels, the
// centre relative to the anchor, then six keypoints (eye R, eye L, nose, mouth, ear R, ear L) relative to it too.
#pragma once
#include "kernels/head.h"

namespace framepath {

inline constexpr int32_t kBlazefaceKeypoints = 6;
inline constexpr int32_t kBlazefaceValues = 4 + 2 * kBlazefaceKeypoints;

HD AnchorScore blazefaceScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const float score = sigmoid(valueAt(grid.scores, item, anchor - grid.first));
  return score >= a.threshold ? AnchorScore{score, 0} : nothingThere();
}

HD void blazefaceBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const int32_t number = anchor - grid.first, cell = number / grid.perCell;
  const float x =
      (static_cast<float>(cell % grid.columns) + 0.5f) / static_cast<float>(grid.columns) * static_cast<float>(a.width);
  const float y =
      (static_cast<float>(cell / grid.columns) + 0.5f) / static_cast<float>(grid.rows) * static_cast<float>(a.height);
  const HeadTensor& v = grid.boxes;
  const int64_t at = static_cast<int64_t>(number) * kBlazefaceValues;
  boxAround(x + valueAt(v, item, at), y + valueAt(v, item, at + 1), valueAt(v, item, at + 2), valueAt(v, item, at + 3),
            box);
  for (int32_t k = 0; k < kBlazefaceKeypoints; k++) {
    points[2 * k] = x + valueAt(v, item, at + 4 + 2 * k);
    points[2 * k + 1] = y + valueAt(v, item, at + 5 + 2 * k);
  }
}

}  // namespace framepath
