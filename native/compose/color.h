// From a source's colour description to the canvas's, as the integers the compose kernel uses.
#pragma once
#include <array>

#include "kernels/compose.h"

namespace framepath::compose {

// Fills in tile.color, matrix and offset from tile.source. ITU-R BT.601, BT.709 and BT.2020 (non-constant luminance).
void setTileColor(ComposeTile& tile, ColorMatrix canvasMatrix, ColorRange canvasRange, int32_t canvasDepth = 8);

// 0..1 R, G, B as the canvas's Y, U, V.
struct Yuv {
  uint8_t y, u, v;
};
Yuv toYuv(double r, double g, double b, ColorMatrix matrix, ColorRange range);

// A colour of its own for every identity or track, as BT.709 of limited range; the same number always has the same.
Yuv paletteColor(int64_t number);

// Y, U, V of a canvas's depth.
using CanvasColor = std::array<uint16_t, 3>;

// An SDR colour (BT.709, limited range) on a canvas: one of high dynamic range shows SDR white as its reference white
// (Rec. ITU-R BT.2408: 203 cd/m2 in PQ, 75 % in HLG).
CanvasColor onCanvas(Yuv color, const ImageView& canvas);

}  // namespace framepath::compose
