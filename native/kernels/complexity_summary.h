// The figures of one picture out of its complexity records.
#pragma once
#include <span>

#include "kernels/complexity.h"

namespace framepath {

struct Complexity {
  double edge = 0;      // mean Sobel response of a pixel, 0..1 (1 = black to white steps in both directions)
  double texture = 0;   // mean standard deviation inside blocks, 0..1 (1 = half the pixels black, half white)
  double entropy = 0;   // of the luma histogram, 0..1 of its maximum
  double temporal = 0;  // mean change of a pixel, 0..1
};

Complexity summarize(std::span<const ComplexityBlock> blocks);

}  // namespace framepath
