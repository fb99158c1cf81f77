// NanoDet and NanoDet-Plus (RangiLyu/nanodet, model/head/nanodet_head.py, nanodet_plus_head.py): one anchor a cell, row
// major, at the cell's centre on strides 8, 16, 32 (NanoDet), or at its corner on strides 8, 16, 32, 64 (Plus). Class
// scores are probabilities; each distance to left, top, right and bottom is a distribution over `bins` whole strides
// (Generalized Focal Loss, arXiv 2006.04388): its softmax's mean. Scores and distances are two outputs a stride, or lie
// behind one another in the rows of one.
#pragma once
#include "kernels/head.h"

namespace framepath {

// One output for all strides: rows of it. Else a row of the grid's own.
HD int64_t nanodetRow(const HeadArgs& a, const HeadGrid& grid, int32_t anchor, int32_t rowValues) {
  return static_cast<int64_t>(a.rowValues > 0 ? anchor : anchor - grid.first) *
         (a.rowValues > 0 ? a.rowValues : rowValues);
}

HD AnchorScore nanodetScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const AnchorScore best = bestClass(grid.scores, item, nanodetRow(a, grid, anchor, a.classes), a.classes, 1);
  return best.score >= a.threshold ? best : nothingThere();
}

HD float nanodetDistance(const HeadTensor& tensor, int32_t item, int64_t at, int32_t bins) {
  float most = valueAt(tensor, item, at), sum = 0, weighted = 0;
  for (int32_t b = 1; b < bins; b++) {
    const float value = valueAt(tensor, item, at + b);
    most = value > most ? value : most;
  }
  for (int32_t b = 0; b < bins; b++) {
    const float e = expPoly(valueAt(tensor, item, at + b) - most);
    sum += e;
    weighted += e * static_cast<float>(b);
  }
  return weighted / sum;
}

HD void nanodetBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const int32_t cell = anchor - grid.first;
  const auto stride = static_cast<float>(grid.stride);
  const float x = (static_cast<float>(cell % grid.columns) + a.cellCentre) * stride;
  const float y = (static_cast<float>(cell / grid.columns) + a.cellCentre) * stride;
  const int64_t at = nanodetRow(a, grid, anchor, 4 * a.bins) + (a.rowValues > 0 ? a.classes : 0);
  float distance[4];
  for (int32_t i = 0; i < 4; i++) distance[i] = nanodetDistance(grid.boxes, item, at + i * a.bins, a.bins) * stride;
  box[0] = x - distance[0];
  box[1] = y - distance[1];
  box[2] = x + distance[2];
  box[3] = y + distance[3];
}

}  // namespace framepath
