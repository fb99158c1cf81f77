// UltraFace (Ultra-Light-Fast-Generic-Face-Detector-1MB, vision/utils/box_utils.py): the graph has the priors in it;
// one row an anchor: probabilities (background, face), and a box x1, y1, x2, y2 in parts of the input.
#pragma once
#include "kernels/head.h"

namespace framepath {

HD AnchorScore ultrafaceScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const float score = valueAt(a.grids[0].scores, item, static_cast<int64_t>(anchor) * 2 + 1);
  return score >= a.threshold ? AnchorScore{score, 0} : nothingThere();
}

HD void ultrafaceBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box) {
  const auto width = static_cast<float>(a.width), height = static_cast<float>(a.height);
  for (int32_t i = 0; i < 4; i++)
    box[i] = valueAt(a.grids[0].boxes, item, static_cast<int64_t>(anchor) * 4 + i) * (i % 2 ? height : width);
}

}  // namespace framepath
