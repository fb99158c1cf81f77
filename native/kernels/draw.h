// Filled rectangles, outlines and text on a 4:2:0 canvas of 8 or 10 bits. Everything is made of whole chroma cells
// (2 x 2 luma), so colours are exact; later items lie on earlier ones.
#pragma once
#include "kernels/compose.h"
#include "kernels/font.h"

namespace framepath {

enum class DrawKind : uint8_t { fill, outline, text };

struct DrawItem {
  int16_t x, y, width, height;  // canvas cells; may lie partly outside. text: as many glyphs as fit in width
  DrawKind kind;
  uint8_t size;          // outline: thickness in cells; text: cells per font pixel
  uint8_t alpha;         // 0..128
  uint16_t color[3];     // Y, U, V of the canvas's depth
  int16_t text, length;  // text: a piece of DrawArgs::characters
};

inline constexpr int32_t kMaxDrawItems = 96;
inline constexpr int32_t kMaxDrawCharacters = 1536;

// Grid: (canvas.width / 2, canvas.height / 2, 1).
struct DrawArgs {
  ImageView canvas;
  int32_t count;
  DrawItem items[kMaxDrawItems];
  uint8_t characters[kMaxDrawCharacters];
};
// The same on a canvas of 10 bits.
struct DeepDrawArgs {
  DrawArgs args;
};

// Does the item paint the cell at (x, y) from its corner?
HD bool drawCovers(const DrawArgs& a, const DrawItem& item, int32_t x, int32_t y) {
  if (x < 0 || y < 0 || x >= item.width || y >= item.height) return false;
  if (item.kind == DrawKind::outline) {
    const int32_t t = item.size;
    return x < t || y < t || x >= item.width - t || y >= item.height - t;
  }
  if (item.kind == DrawKind::text) {
    const int32_t column = x / item.size, row = y / item.size, glyph = column / kGlyphWidth;
    if (row >= kGlyphHeight || glyph >= item.length) return false;
    return glyphBit(a.characters[item.text + glyph], column % kGlyphWidth, row);
  }
  return true;
}

template <typename Sample>
HD void drawCell(const DrawArgs& a, const DrawItem& item, int32_t x, int32_t y) {
  const int32_t shift = CanvasSamples<Sample>::shift(a.canvas.format);
  for (int32_t i = 0; i < 6; i++) {
    Sample* sample = canvasSample<Sample>(a.canvas, x, y, i);
    const int32_t drawn = composeBlend(*sample >> shift, item.color[i < 4 ? 0 : i - 3], item.alpha * 2);
    *sample = static_cast<Sample>(drawn << shift);
  }
}

template <typename Sample>
HD void drawOn(const DrawArgs& a, int32_t x, int32_t y) {
  for (int32_t n = 0; n < a.count; n++)
    if (drawCovers(a, a.items[n], x - a.items[n].x, y - a.items[n].y)) drawCell<Sample>(a, a.items[n], x, y);
}
HD void draw(const DrawArgs& a, int32_t x, int32_t y, int32_t) {
  drawOn<uint8_t>(a, x, y);
}
HD void drawDeep(const DeepDrawArgs& a, int32_t x, int32_t y, int32_t) {
  drawOn<uint16_t>(a.args, x, y);
}

}  // namespace framepath
