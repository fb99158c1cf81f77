// How much there is to encode in a picture, from a reduced luma picture (the `convert` kernel makes it): one record of
// sums a block, so that no target needs atomics. complexity_summary.h adds the records up.
#pragma once
#include "kernels/math.h"

namespace framepath {

inline constexpr int32_t kComplexityBlock = 16;  // pixels a side
inline constexpr int32_t kComplexityBins = 32;

struct ComplexityBlock {
  uint32_t pixels;
  uint32_t edges;     // sum of |horizontal| + |vertical| Sobel response
  uint32_t values;    // sum of luma: with `squares`, the variance of the block (texture)
  uint32_t squares;   // sum of luma squared
  uint32_t temporal;  // sum of |luma - previous luma|; 0 without a previous picture
  uint16_t histogram[kComplexityBins];
};

// Grid: (blocks across, blocks down, 1) with blocks = ceil(size / kComplexityBlock), records row by row.
struct ComplexityArgs {
  Plane luma;
  Plane previous;  // data null: none
  int32_t width, height;
  ComplexityBlock* blocks;
};

HD void complexity(const ComplexityArgs& a, int32_t x, int32_t y, int32_t) {
  const int32_t left = x * kComplexityBlock, right = minOf(left + kComplexityBlock, a.width);
  const int32_t top = y * kComplexityBlock, bottom = minOf(top + kComplexityBlock, a.height);
  const int32_t across = (a.width + kComplexityBlock - 1) / kComplexityBlock;
  ComplexityBlock block = {};
  for (int32_t row = top; row < bottom; row++) {
    const uint8_t* here = a.luma.data + static_cast<int64_t>(row) * a.luma.pitchBytes;
    const uint8_t* above = row > 0 ? here - a.luma.pitchBytes : here;
    const uint8_t* below = row + 1 < a.height ? here + a.luma.pitchBytes : here;
    const uint8_t* before =
        a.previous.data ? a.previous.data + static_cast<int64_t>(row) * a.previous.pitchBytes : here;
    for (int32_t column = left; column < right; column++) {
      const int32_t l = maxOf(column - 1, 0), r = minOf(column + 1, a.width - 1), value = here[column];
      const int32_t horizontal = (above[r] + 2 * here[r] + below[r]) - (above[l] + 2 * here[l] + below[l]);
      const int32_t vertical = (below[l] + 2 * below[column] + below[r]) - (above[l] + 2 * above[column] + above[r]);
      const int32_t change = value - before[column];
      block.pixels++;
      block.edges += static_cast<uint32_t>(maxOf(horizontal, -horizontal) + maxOf(vertical, -vertical));
      block.values += static_cast<uint32_t>(value);
      block.squares += static_cast<uint32_t>(value * value);
      block.temporal += static_cast<uint32_t>(maxOf(change, -change));
      block.histogram[value * kComplexityBins / 256]++;
    }
  }
  a.blocks[y * across + x] = block;
}

}  // namespace framepath
