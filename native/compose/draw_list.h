// Collects rectangles and text for the draw kernel, and launches it when full or asked to.
#pragma once
#include <string_view>

#include "compose/color.h"
#include "compose/layout.h"
#include "device/device.h"

namespace framepath::compose {

class DrawList {
 public:
  DrawList(Device& device, Queue& queue, const ImageView& canvas);

  // Canvas pixels, drawn to the nearest chroma cell. Colours are those of SDR (onCanvas). `alpha` 0..1.
  void fill(const Box& box, Yuv color, double alpha = 1);
  void outline(const Box& box, int32_t thicknessCells, Yuv color);
  // Top left corner; `size` chroma cells a font pixel.
  void text(int32_t x, int32_t y, int32_t size, std::string_view text, Yuv color);
  // Text on a plate of `plate`, in black or white, kept inside the canvas.
  void label(int32_t x, int32_t y, int32_t size, std::string_view text, Yuv plate);
  static int32_t textWidth(std::string_view text, int32_t size);
  static int32_t textHeight(int32_t size) { return kGlyphHeight * size * 2; }

  void flush();

 private:
  DrawItem& add(const Box& box, DrawKind kind, Yuv color);

  Device& device_;
  Queue& queue_;
  DrawArgs args_{};
  int32_t characters_ = 0;
};

}  // namespace framepath::compose
