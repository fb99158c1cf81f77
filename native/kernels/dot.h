// The scalar product of two rows, summed in a fixed order that vectors like: 16 interleaved partial sums, then a tree.
#pragma once
#include "kernels/math.h"

namespace framepath {

HD float dotProduct(const float* a, const float* b, int32_t count) {
  constexpr int32_t kLanes = 16;
  float sums[kLanes] = {};
  int32_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int32_t lane = 0; lane < kLanes; lane++) sums[lane] += a[i + lane] * b[i + lane];
  for (int32_t lane = 0; i + lane < count; lane++) sums[lane] += a[i + lane] * b[i + lane];
  for (int32_t half = kLanes / 2; half > 0; half /= 2)
    for (int32_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
  return sums[0];
}

}  // namespace framepath
