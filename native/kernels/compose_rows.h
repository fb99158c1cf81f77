// composeTiles on a host: whole rows instead of cells, the same bits as composeTiles(). Compiled once per instruction
// set, so nothing here may come from the STL: its inline functions would be shared between the sets.
#pragma once
#include <stdlib.h>
#include <string.h>

#include "kernels/compose.h"
#include "kernels/tile_rows.h"

namespace framepath {
namespace {

// Scratch rows of one launch, from one allocation.
class RowArena {
 public:
  explicit RowArena(size_t bytes) : base_(static_cast<uint8_t*>(aligned_alloc(64, (bytes + 63) / 64 * 64))) {
    if (!base_) abort();
  }
  ~RowArena() { free(base_); }
  RowArena(const RowArena&) = delete;
  RowArena& operator=(const RowArena&) = delete;
  template <typename T>
  T* take(size_t count) {
    T* at = reinterpret_cast<T*>(base_ + used_);
    used_ += (count * sizeof(T) + 63) / 64 * 64;
    return at;
  }

 private:
  uint8_t* base_;
  size_t used_ = 0;
};

void blendRow(uint8_t* __restrict to, const uint8_t* __restrict over, int32_t n, int32_t alpha) {
  if (alpha == 256) {
    memcpy(to, over, static_cast<size_t>(n));
    return;
  }
  for (int32_t i = 0; i < n; i++) to[i] = static_cast<uint8_t>(composeBlend(to[i], over[i], alpha));
}

void blendPairs(uint8_t* __restrict to, const uint8_t* __restrict u, const uint8_t* __restrict v, int32_t n,
                int32_t alpha) {
  if (alpha == 256) {
    for (int32_t i = 0; i < n; i++) {
      to[2 * i] = u[i];
      to[2 * i + 1] = v[i];
    }
    return;
  }
  for (int32_t i = 0; i < n; i++) {
    to[2 * i] = static_cast<uint8_t>(composeBlend(to[2 * i], u[i], alpha));
    to[2 * i + 1] = static_cast<uint8_t>(composeBlend(to[2 * i + 1], v[i], alpha));
  }
}

// out = (m0 a + m1 b + m2 c + offset) >> 14; b and c may be at half the resolution of a.
void convertRow(uint8_t* __restrict out, const ComposeTile& t, int32_t row, const uint8_t* __restrict a,
                const uint8_t* __restrict b, const uint8_t* __restrict c, int32_t n) {
  for (int32_t i = 0; i < n; i++) out[i] = static_cast<uint8_t>(composeConvert(t, row, a[i], b[i], c[i]));
}
void convertLumaRow(uint8_t* __restrict out, const ComposeTile& t, const uint8_t* __restrict y,
                    const uint8_t* __restrict u, const uint8_t* __restrict v, int32_t n) {
  for (int32_t i = 0; i < n / 2; i++) {
    const int32_t chroma = t.matrix[1] * u[i] + t.matrix[2] * v[i] + t.offset[0];
    for (int32_t j = 0; j < 2; j++) {
      const int32_t value = (t.matrix[0] * y[2 * i + j] + chroma) >> 14;
      out[2 * i + j] = static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
    }
  }
}

void clearSpan(const ComposeArgs& a, int32_t y, int32_t x1, int32_t x2) {
  for (int32_t i = 0; i < 2; i++) memset(canvasSample(a.canvas, x1, y, 2 * i), a.background[0], 2 * (x2 - x1));
  uint8_t* u = canvasSample(a.canvas, x1, y, 4);
  if (a.canvas.format.layout == PixelLayout::semiPlanarYuv) {
    for (int32_t i = 0; i < x2 - x1; i++) {
      u[2 * i] = a.background[1];
      u[2 * i + 1] = a.background[2];
    }
  } else {
    memset(u, a.background[1], x2 - x1);
    memset(canvasSample(a.canvas, x1, y, 5), a.background[2], x2 - x1);
  }
}

// Background only where no opaque tile follows.
void clearCanvas(const ComposeArgs& a) {
  const int32_t width = a.canvas.width / 2, height = a.canvas.height / 2;
  for (int32_t y = 0; y < height; y++) {
    for (int32_t x = 0; x < width;) {
      int32_t covered = x, next = width;
      for (int32_t n = 0; n < a.count; n++) {
        const ComposeTile& t = a.tiles[n];
        if (t.alpha != 256 || y < t.toY / 2 || y >= (t.toY + t.toHeight) / 2) continue;
        const int32_t left = t.toX / 2, right = (t.toX + t.toWidth) / 2;
        if (left <= x && right > covered) covered = right;
        if (left > x && left < next) next = left;
      }
      if (covered == x) clearSpan(a, y, x, covered = next);
      x = covered;
    }
  }
}

// A tile that needs nothing more than resampling, plane after plane straight into a planar canvas.
void composePlanes(const ComposeArgs& a, const ComposeTile& t, const ComposeComponent parts[3], TileRows& luma,
                   TileRows& chroma) {
  for (int32_t plane = 0; plane < 3; plane++) {
    const int32_t shift = plane ? 1 : 0;
    uint8_t* to = canvasSample(a.canvas, t.toX / 2, t.toY / 2, plane ? plane + 3 : 0);
    TileRows& rows = plane ? chroma : luma;
    const bool colorless = plane && t.source.format.layout == PixelLayout::gray;
    for (int32_t y = 0; y < t.toHeight >> shift; y++, to += a.canvas.planes[plane].pitchBytes)
      if (colorless)
        memset(to, 128, static_cast<size_t>(t.toWidth >> shift));
      else
        rows.row(to, parts[plane], plane, y, a.canvas.planes[plane].pitchBytes);
  }
}

void composeTileRows(const ComposeArgs& a, const ComposeTile& t) {
  const int32_t width = t.toWidth, half = t.toWidth / 2;
  const bool rgb = t.color == ComposeColor::rgb, convert = t.color == ComposeColor::convert;
  const bool gray = t.source.format.layout == PixelLayout::gray;
  const bool pairs = a.canvas.format.layout == PixelLayout::semiPlanarYuv;
  const ComposeComponent parts[3] = {composeComponent(t.source, 0), composeComponent(t.source, gray ? 0 : 1),
                                     composeComponent(t.source, gray ? 0 : 2)};
  RowArena arena(TileRows::bytes(t.lumaX, parts[0]) + TileRows::bytes(t.chromaX, parts[1]) + 8 * (width + 128));
  TileRows luma, chroma;
  luma.build(arena, t.lumaX, t.lumaY, parts[0]);
  chroma.build(arena, t.chromaX, t.chromaY, parts[1]);
  if (t.alpha == 256 && !pairs && t.color == ComposeColor::direct) return composePlanes(a, t, parts, luma, chroma);
  uint8_t* rows[3] = {arena.take<uint8_t>(width), arena.take<uint8_t>(width), arena.take<uint8_t>(width)};
  uint8_t* u = arena.take<uint8_t>(half);
  uint8_t* v = arena.take<uint8_t>(half);
  uint8_t* mixed = arena.take<uint8_t>(width);
  memset(u, 128, half);
  memset(v, 128, half);

  for (int32_t y = 0; y < t.toHeight / 2; y++) {
    const int32_t x0 = t.toX / 2, y0 = t.toY / 2 + y;
    uint8_t* toU = canvasSample(a.canvas, x0, y0, 4);
    uint8_t* toV = canvasSample(a.canvas, x0, y0, 5);
    const uint8_t *chromaU = u, *chromaV = v;
    if (rgb) {
      for (int32_t i = 0; i < 3; i++) chroma.row(rows[i], parts[i], i, y);
      convertRow(u, t, 1, rows[0], rows[1], rows[2], half);
      convertRow(v, t, 2, rows[0], rows[1], rows[2], half);
    } else if (!gray) {
      chroma.row(u, parts[1], 1, y);
      chroma.row(v, parts[2], 2, y);
    }
    for (int32_t i = 0; i < 2; i++) {
      uint8_t* to = canvasSample(a.canvas, x0, y0, 2 * i);
      const int32_t line = 2 * y + i;
      if (!rgb && !convert && t.alpha == 256) {
        luma.row(to, parts[0], 0, line);
        continue;
      }
      luma.row(rows[0], parts[0], 0, line);
      const uint8_t* over = rows[0];
      if (rgb) {
        luma.row(rows[1], parts[1], 1, line);
        luma.row(rows[2], parts[2], 2, line);
        convertRow(mixed, t, 0, rows[0], rows[1], rows[2], width);
        over = mixed;
      } else if (convert) {
        convertLumaRow(mixed, t, rows[0], u, v, width);
        over = mixed;
      }
      blendRow(to, over, width, t.alpha);
    }
    if (convert) {
      convertRow(rows[0], t, 1, u, u, v, half);
      convertRow(rows[1], t, 2, u, u, v, half);
      chromaU = rows[0];
      chromaV = rows[1];
    }
    if (pairs) {
      blendPairs(toU, chromaU, chromaV, half, t.alpha);
    } else {
      blendRow(toU, chromaU, half, t.alpha);
      blendRow(toV, chromaV, half, t.alpha);
    }
  }
}

void composeRows(const ComposeArgs& a) {
  if (a.clear) clearCanvas(a);
  for (int32_t n = 0; n < a.count; n++) composeTileRows(a, a.tiles[n]);
}

}  // namespace
}  // namespace framepath
