// Fills a plane with one byte value: backgrounds, black pictures.
#pragma once
#include "kernels/compat.h"

namespace framepath {

// Grid: (widthBytes, height, 1).
struct FillArgs {
  Plane plane;
  int32_t widthBytes;
  int32_t height;
  uint8_t value;
};

HD void fill(const FillArgs& a, int32_t x, int32_t y, int32_t) {
  a.plane.data[static_cast<size_t>(y) * a.plane.pitchBytes + x] = a.value;
}

}  // namespace framepath
