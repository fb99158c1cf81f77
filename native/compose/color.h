// From a source's colour description to the canvas's, as the integers the compose kernel uses.
#pragma once
#include "kernels/compose.h"

namespace framepath::compose {

// Fills in tile.color, matrix and offset from tile.source. ITU-R BT.601,
// BT.709 and BT.2020 (non-constant luminance).
void setTileColor(ComposeTile& tile, ColorMatrix canvasMatrix, ColorRange canvasRange);

// 0..1 R, G, B as the canvas's Y, U, V.
struct Yuv {
  uint8_t y, u, v;
};
Yuv toYuv(double r, double g, double b, ColorMatrix matrix, ColorRange range);

// A colour of its own for every identity or track; the same number always has the same.
Yuv paletteColor(int64_t number, ColorMatrix matrix, ColorRange range);

}  // namespace framepath::compose
