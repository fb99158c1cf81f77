// Pictures to compose, layouts, and what a canvas shows, for the tests of the composer.
#pragma once
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "compose/color.h"
#include "compose/composer.h"
#include "device_pictures.h"

namespace composing {

using namespace framepath;
using namespace framepath::compose;
using test::device;

using Painter = std::function<Yuv(int x, int y)>;

inline FrameRef picture(int32_t width, int32_t height, const Painter& paint,
                        PixelFormat format = pixelFormat::yuv420p) {
  Image image = test::blank(*device(), format, width, height);
  auto plane = [&](int p) { return image.view.planes[p]; };
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      const Yuv c = paint(x, y);
      plane(0).data[y * plane(0).pitchBytes + x] = c.y;
      if (x % 2 || y % 2) continue;
      if (format.layout == PixelLayout::planarYuv) {
        plane(1).data[y / 2 * plane(1).pitchBytes + x / 2] = c.u;
        plane(2).data[y / 2 * plane(2).pitchBytes + x / 2] = c.v;
      } else {
        plane(1).data[y / 2 * plane(1).pitchBytes + x] = c.u;
        plane(1).data[y / 2 * plane(1).pitchBytes + x + 1] = c.v;
      }
    }
  image = test::onDevice(*device(), image);
  return std::make_shared<Frame>(image.view, width, height, image.memory);
}
inline FrameRef plain(int32_t width, int32_t height, Yuv color) {
  return picture(width, height, [=](int, int) { return color; });
}

// Where the host can read it; copied once in the life of a picture.
inline const ImageView& readable(const FrameRef& frame) {
  static auto* const known = new std::vector<std::pair<std::weak_ptr<const Frame>, Image>>;
  std::erase_if(*known, [](const auto& one) { return one.first.expired(); });
  for (const auto& [of, image] : *known)
    if (of.lock() == frame) return image.view;
  return known->emplace_back(frame, test::readable(*device(), *frame)).second.view;
}

inline Yuv at(const FrameRef& frame, int x, int y) {
  const ImageView& v = readable(frame);
  const uint8_t luma = v.planes[0].data[y * v.planes[0].pitchBytes + x];
  if (v.format.layout == PixelLayout::semiPlanarYuv) {
    const uint8_t* pair = v.planes[1].data + y / 2 * v.planes[1].pitchBytes + x / 2 * 2;
    return {luma, pair[0], pair[1]};
  }
  return {luma, v.planes[1].data[y / 2 * v.planes[1].pitchBytes + x / 2],
          v.planes[2].data[y / 2 * v.planes[2].pitchBytes + x / 2]};
}
inline bool is(const FrameRef& frame, int x, int y, Yuv c, int tolerance = 0) {
  const Yuv got = at(frame, x, y);
  return std::abs(got.y - c.y) <= tolerance && std::abs(got.u - c.u) <= tolerance && std::abs(got.v - c.v) <= tolerance;
}

inline LayoutSpec spec(LayoutKind kind, int tiles, int32_t width = 320, int32_t height = 180) {
  LayoutSpec s;
  s.kind = kind;
  s.width = width;
  s.height = height;
  for (int i = 0; i < tiles; i++) {
    s.tiles.emplace_back();
    s.tiles.back().source = i;
  }
  return s;
}
inline TileInput live(FrameRef frame) {
  TileInput input;
  input.frame = std::move(frame);
  input.fresh = true;
  return input;
}
inline TileInput without(TileState state) {
  TileInput input;
  input.state = state;
  return input;
}

inline const Yuv kRed{81, 90, 240}, kBlue{41, 240, 110}, kGreen{145, 54, 34}, kBackground{16, 128, 128};

inline double variance(const FrameRef& frame, const Box& box) {
  double sum = 0, squares = 0, n = 0;
  for (int y = static_cast<int>(box.y1); y < box.y2; y++)
    for (int x = static_cast<int>(box.x1); x < box.x2; x++) {
      const double v = at(frame, x, y).y;
      sum += v;
      squares += v * v;
      n++;
    }
  return squares / n - sum / n * (sum / n);
}

}  // namespace composing
