// Two pictures side by side on a canvas.
#pragma once
#include <cstring>
#include <vector>

#include "compose/color.h"
#include "swscale/contender.h"
#include "swscale/frames.h"

namespace framepath::bench {

// The same rectangle of both pictures onto the same rectangle of each half of a 1920x1080 canvas. All even.
struct ComposeCase {
  const char* name;
  int x, y, width, height;
  int toY, toWidth, toHeight;
  bool same() const { return width == toWidth && height == toHeight; }
};
inline constexpr ComposeCase kComposeCases[] = {
    {"split: 960x1080 crop to 960x1080", 480, 0, 960, 1080, 0, 960, 1080},
    {"squeeze: 1920x1080 to 960x1080", 0, 0, 1920, 1080, 0, 960, 1080},
    {"contain: 1920x1080 to 960x540", 0, 0, 1920, 1080, 270, 960, 540},
    {"follow: 700x788 crop to 960x1080", 610, 146, 700, 788, 0, 960, 1080},
};

// A few canvases in turn, as an encoder holds the last ones.
struct Canvases {
  Canvases() {
    for (int i = 0; i < 6; i++) frames.push_back(makePicture(1920, 1080, 7));
  }
  const AVFrame& next() { return *frames[at++ % frames.size()]; }
  std::vector<FramePtr> frames;
  size_t at = 0;
};

inline void copyPlane(uint8_t* to, int toPitch, const uint8_t* from, int fromPitch, int width, int height) {
  for (int y = 0; y < height; y++)
    std::memcpy(to + static_cast<ptrdiff_t>(y) * toPitch, from + static_cast<ptrdiff_t>(y) * fromPitch,
                static_cast<size_t>(width));
}

inline void clearRows(const AVFrame& canvas, int y1, int y2) {
  for (int plane = 0; plane < 3; plane++)
    for (int y = plane ? y1 / 2 : y1; y < (plane ? y2 / 2 : y2); y++)
      std::memset(canvas.data[plane] + static_cast<ptrdiff_t>(y) * canvas.linesize[plane], plane ? 128 : 16,
                  static_cast<size_t>(planeWidth(canvas, plane)));
}

// Scales (or, 1:1, copies) straight into the canvas; `scaler` null: copies.
inline void placeWithSwscale(const ComposeCase& c, SwsContext* scaler, const AVFrame& from, const AVFrame& canvas,
                             int toX) {
  const uint8_t* source[4] = {};
  uint8_t* target[4] = {};
  for (int plane = 0; plane < 3; plane++) {
    const int shift = plane ? 1 : 0;
    source[plane] = from.data[plane] + static_cast<ptrdiff_t>(c.y >> shift) * from.linesize[plane] + (c.x >> shift);
    target[plane] =
        canvas.data[plane] + static_cast<ptrdiff_t>(c.toY >> shift) * canvas.linesize[plane] + (toX >> shift);
    if (!scaler)
      copyPlane(target[plane], canvas.linesize[plane], source[plane], from.linesize[plane], c.width >> shift,
                c.height >> shift);
  }
  if (scaler) sws_scale(scaler, source, from.linesize, 0, c.height, target, canvas.linesize);
}

inline ComposeArgs composeArgs(const ComposeCase& c, const AVFrame& left, const AVFrame& right, const AVFrame& canvas) {
  ComposeArgs a{};
  a.canvas = viewOf(canvas);
  a.background[0] = 16, a.background[1] = a.background[2] = 128;
  a.clear = true;
  a.count = 2;
  for (int i = 0; i < 2; i++) {
    placeComposeTile(a.tiles[i], viewOf(i ? right : left), c.x * 256, c.y * 256, c.width * 256, c.height * 256, 960 * i,
                     c.toY, c.toWidth, c.toHeight);
    a.tiles[i].alpha = 256;
    compose::setTileColor(a.tiles[i], ColorMatrix::bt709, ColorRange::limited);
  }
  return a;
}

inline std::vector<Contender> composeContenders(const ComposeCase& c, const std::vector<FramePtr>& ring,
                                                Canvases& canvases) {
  const auto other = [&ring](size_t i) -> const AVFrame& { return *ring[(i + ring.size() / 2) % ring.size()]; };
  std::vector<Contender> list;
  for (const Isa isa : supportedIsas())
    list.push_back({"framepath", isaName(isa), [=, &ring, &canvases](size_t i) {
                      const AVFrame& canvas = canvases.next();
                      ComposeArgs a = composeArgs(c, *ring[i], other(i), canvas);
                      const Grid grid = composeGrid(a);
                      runKernel(isa, KernelId::composeTiles, &a, grid);
                    }});
  for (const ScalerKind& kind : kScalers) {
    if (c.same() && kind.flags != SWS_BILINEAR) continue;
    const Scaler scaler =
        c.same() ? nullptr : makeScaler(c.width, c.height, c.toWidth, c.toHeight, AV_PIX_FMT_YUV420P, kind.flags);
    list.push_back({c.same() ? "rows copied" : kind.name, "auto", [=, &ring, &canvases](size_t i) {
                      const AVFrame& canvas = canvases.next();
                      clearRows(canvas, 0, c.toY);
                      clearRows(canvas, c.toY + c.toHeight, canvas.height);
                      placeWithSwscale(c, scaler.get(), *ring[i], canvas, 0);
                      placeWithSwscale(c, scaler.get(), other(i), canvas, 960);
                    }});
  }
  // A whole frame onto a canvas.
  list.push_back({"memcpy", "auto", [=, &ring, &canvases](size_t i) {
                    const AVFrame& canvas = canvases.next();
                    for (int plane = 0; plane < 3; plane++)
                      copyPlane(canvas.data[plane], canvas.linesize[plane], ring[i]->data[plane],
                                ring[i]->linesize[plane], planeWidth(canvas, plane), planeHeight(canvas, plane));
                  }});
  return list;
}

}  // namespace framepath::bench
