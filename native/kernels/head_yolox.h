// YOLOX (arXiv 2107.08430), raw export: one row a cell over strides 8, 16, 32, row major; centre relative to the cell
// in strides, size by exp, then objectness and class scores, already probabilities (scored as YOLOv5's rows are).
#pragma once
#include "kernels/head.h"

namespace framepath {

HD void yoloxBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box) {
  const HeadGrid& grid = a.grids[gridOf(a, anchor)];
  const int32_t cell = anchor - grid.first;
  const auto column = static_cast<float>(cell % grid.columns), row = static_cast<float>(cell / grid.columns);
  const auto stride = static_cast<float>(grid.stride);
  const HeadTensor& v = a.grids[0].boxes;
  const int64_t at = static_cast<int64_t>(anchor) * a.rowValues;
  boxAround((valueAt(v, item, at) + column) * stride, (valueAt(v, item, at + 1) + row) * stride,
            expPoly(valueAt(v, item, at + 2)) * stride, expPoly(valueAt(v, item, at + 3)) * stride, box);
}

}  // namespace framepath
