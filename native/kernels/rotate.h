// Quarter turns of one plane: makes decoded pictures upright.
#pragma once
#include "kernels/compat.h"

namespace framepath {

// Grid: (width, height, 1) of the turned plane: fromHeight x fromWidth for odd turns. `from` and `to` must not overlap.
// Rotate each plane of a picture; an interleaved UV pair or a packed pixel is one sample. A 4:2:2 picture turned by an
// odd number needs a 4:4:0 target: PixelFormat with the chroma shifts exchanged.
struct RotateArgs {
  Plane from, to;
  int32_t fromWidth, fromHeight;  // samples
  int32_t sampleBytes;            // 1..8
  int32_t quarterTurns;           // clockwise, 0..3
};

HD void rotate(const RotateArgs& a, int32_t x, int32_t y, int32_t) {
  int32_t fromX = x, fromY = y;
  switch (a.quarterTurns) {
    case 1:
      fromX = y;
      fromY = a.fromHeight - 1 - x;
      break;
    case 2:
      fromX = a.fromWidth - 1 - x;
      fromY = a.fromHeight - 1 - y;
      break;
    case 3:
      fromX = a.fromWidth - 1 - y;
      fromY = x;
      break;
    default: break;
  }
  const uint8_t* from =
      a.from.data + static_cast<int64_t>(fromY) * a.from.pitchBytes + static_cast<int64_t>(fromX) * a.sampleBytes;
  uint8_t* to = a.to.data + static_cast<int64_t>(y) * a.to.pitchBytes + static_cast<int64_t>(x) * a.sampleBytes;
  for (int32_t b = 0; b < a.sampleBytes; b++) to[b] = from[b];
}

}  // namespace framepath
