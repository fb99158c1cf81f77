// draw on a host: each item over its own rectangle, not every item at every cell. Same bits as draw() and
// drawDeep().
#pragma once
#include "kernels/draw.h"

namespace framepath {
namespace {

template <typename Sample>
void drawRows(const DrawArgs& a) {
  const int32_t right = a.canvas.width / 2, bottom = a.canvas.height / 2;
  for (int32_t n = 0; n < a.count; n++) {
    const DrawItem& item = a.items[n];
    const int32_t x1 = item.x < 0 ? 0 : item.x, y1 = item.y < 0 ? 0 : item.y;
    const int32_t x2 = item.x + item.width < right ? item.x + item.width : right;
    const int32_t y2 = item.y + item.height < bottom ? item.y + item.height : bottom;
    for (int32_t y = y1; y < y2; y++)
      for (int32_t x = x1; x < x2; x++)
        if (drawCovers(a, item, x - item.x, y - item.y)) drawCell<Sample>(a, item, x, y);
  }
}

}  // namespace
}  // namespace framepath
