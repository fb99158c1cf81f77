// Rows scaled to length 1.
#pragma once
#include "kernels/dot.h"

namespace framepath {

// Grid: (rows, 1, 1). `to` may be `from`. A row of zeros stays zero.
struct NormalizeArgs {
  const float* from;
  float* to;
  int32_t dims;
};

HD void normalize(const NormalizeArgs& a, int32_t row, int32_t, int32_t) {
  const float* from = a.from + static_cast<int64_t>(row) * a.dims;
  float* to = a.to + static_cast<int64_t>(row) * a.dims;
  const float square = dotProduct(from, from, a.dims);
  const float scale = square > 0.0f ? 1.0f / squareRoot(square) : 0.0f;
  for (int32_t i = 0; i < a.dims; i++) to[i] = from[i] * scale;
}

}  // namespace framepath
