// toneMap and toneMapDeep on the CPU: rows of samples first, then one loop after the other, which vectorises where the
// instruction set can gather.
#pragma once
#include "kernels/host_loop.h"
#include "kernels/tone_map.h"

namespace framepath {
namespace {

constexpr int32_t kToneStrip = 256;

struct ToneStrip {
  alignas(64) float planes[3][kToneStrip];
};

// Samples of one row from `x` on.
inline void toneRow(const Channel& c, int32_t depth, int32_t x, int32_t y, int32_t count, float* to) {
  const uint8_t* from = rowOf(c, y) + static_cast<int64_t>(x) * c.stepBytes;
  const int32_t mask = (1 << depth) - 1;
  if (!c.wide) {
    for (int32_t i = 0; i < count; i++) to[i] = static_cast<float>(from[i * c.stepBytes] & mask);
  } else if (c.stepBytes == 2) {
    for (int32_t i = 0; i < count; i++)
      to[i] = static_cast<float>(((from[2 * i] | from[2 * i + 1] << 8) >> c.dropBits) & mask);
  } else {
    for (int32_t i = 0; i < count; i++) {
      const uint8_t* at = from + i * c.stepBytes;
      to[i] = static_cast<float>(((at[0] | at[1] << 8) >> c.dropBits) & mask);
    }
  }
}

// Chroma from `cx` on, for luma from `x` on.
inline void toneSpread(const float* chroma, int32_t cx, int32_t x, int32_t shift, int32_t count, float* to) {
  for (int32_t i = 0; i < count; i++) to[i] = chroma[((x + i) >> shift) - cx];
}

// Not inlined: there the compiler would forget that the strip is no part of the curves.
__attribute__((noinline)) void toneMapStrip(const ToneMapArgs& args, const YuvToRgb& toPixels, int32_t count,
                                            float* __restrict first, float* __restrict second,
                                            float* __restrict third) {
  const ToneMapArgs a = args;
  const YuvToRgb yuv = toPixels;
  for (int32_t i = 0; i < count; i++) {
    float pixel[3];
    toRgb(yuv, first[i], second[i], third[i], pixel);
    toneMapPixel(a, pixel);
    first[i] = pixel[0];
    second[i] = pixel[1];
    third[i] = pixel[2];
  }
}
inline void toneMapStrip(const ToneMapArgs& a, const PixelReader& reader, int32_t count, ToneStrip& s) {
  toneMapStrip(a, reader.yuv, count, s.planes[0], s.planes[1], s.planes[2]);
}

template <typename Sample, typename ToSample>
inline void toneStore(const ToneStrip& s, int32_t count, Sample* to, int32_t step, int32_t shift,
                      const ToSample& toSample) {
  for (int32_t i = 0; i < count; i++) {
    const float pixel[3] = {s.planes[0][i], s.planes[1][i], s.planes[2][i]};
    to[i * step] = static_cast<Sample>(toSample(pixel) << shift);
  }
}

// toneLumaUnder of a row, of luma from `x` on. Sums of integers: their order does not matter.
inline void toneLumasUnder(const PixelFormat& f, const Channel& luma, int32_t x, int32_t y, int32_t chromas,
                           float* to) {
  const int32_t across = 1 << f.chromaShiftX, down = 1 << f.chromaShiftY;
  const int32_t whole = minOf(chromas, (luma.width - x) >> f.chromaShiftX);
  alignas(64) float row[kToneStrip];
  for (int32_t i = 0; i < whole; i++) to[i] = 0;
  for (int32_t j = 0; j < down; j++) {
    toneRow(luma, f.depth, x, y + j, whole * across, row);
    if (across == 2) {
      for (int32_t i = 0; i < whole; i++) to[i] += row[2 * i] + row[2 * i + 1];
    } else {
      for (int32_t i = 0; i < whole; i++)
        for (int32_t k = 0; k < across; k++) to[i] += row[i * across + k];
    }
  }
  const float share = 1.0f / static_cast<float>(across * down);
  for (int32_t i = 0; i < whole; i++) to[i] *= share;
  for (int32_t i = whole; i < chromas; i++)
    to[i] = toneLumaUnder(f, luma, (x >> f.chromaShiftX) + i, y >> f.chromaShiftY);
}

template <typename Sample>
inline void toneYuvRow(const ToneMapArgs& a, const PixelReader& reader, const RgbToYuv& yuv, int32_t y, int32_t width) {
  const PixelFormat& f = a.from.format;
  const Channel luma = channelOf(a.from, 0), u = channelOf(a.from, 1), v = channelOf(a.from, 2);
  const int32_t sx = f.chromaShiftX, sy = f.chromaShiftY, cy = y >> sy;
  const bool hasChroma = !(y & ((1 << sy) - 1)), pairs = a.to.format.layout == PixelLayout::semiPlanarYuv;
  const int32_t shift = toneShift<Sample>(a.to.format);
  ToneStrip strip, chroma;
  for (int32_t x = 0; x < width; x += kToneStrip) {
    const int32_t count = minOf(kToneStrip, width - x), cx = x >> sx;
    const int32_t chromas = ((x + count - 1) >> sx) - cx + 1;
    toneRow(luma, f.depth, x, y, count, strip.planes[0]);
    toneRow(u, f.depth, cx, cy, chromas, chroma.planes[1]);
    toneRow(v, f.depth, cx, cy, chromas, chroma.planes[2]);
    toneSpread(chroma.planes[1], cx, x, sx, count, strip.planes[1]);
    toneSpread(chroma.planes[2], cx, x, sx, count, strip.planes[2]);
    toneMapStrip(a, reader, count, strip);
    toneStore(strip, count, toneTarget<Sample>(a.to, 0, x, y, 1), 1, shift,
              [&](const float* p) { return toneLuma<Sample>(yuv, p); });
    if (!hasChroma) continue;
    toneLumasUnder(f, luma, x, y, chromas, chroma.planes[0]);
    toneMapStrip(a, reader, chromas, chroma);
    Sample* toU = toneTarget<Sample>(a.to, 1, cx, cy, pairs ? 2 : 1);
    Sample* toV = pairs ? toU + 1 : toneTarget<Sample>(a.to, 2, cx, cy, 1);
    toneStore(chroma, chromas, toU, pairs ? 2 : 1, shift, [&](const float* p) { return toneU<Sample>(yuv, p); });
    toneStore(chroma, chromas, toV, pairs ? 2 : 1, shift, [&](const float* p) { return toneV<Sample>(yuv, p); });
  }
}

template <typename Sample>
void toneMapRows(const ToneMapArgs& a, const Grid& grid) {
  const PixelLayout layout = a.from.format.layout;
  const bool inYuv = layout == PixelLayout::planarYuv || layout == PixelLayout::semiPlanarYuv;
  const PixelReader reader = pixelReader(a.from);
  const RgbToYuv yuv = rgbToYuv(a.to.matrix, a.to.range);
  for (int32_t y = 0; y < grid.y; y++) {
    if (inYuv) {
      toneYuvRow<Sample>(a, reader, yuv, y, grid.x);
    } else {
      for (int32_t x = 0; x < grid.x; x++) toneMapTo<Sample>(a, x, y);
    }
  }
}

template <>
struct HostLoop<ToneMapArgs, toneMap> {
  static void run(const void* args, const Grid& grid) {
    toneMapRows<uint8_t>(*static_cast<const ToneMapArgs*>(args), grid);
  }
};
template <>
struct HostLoop<DeepToneMapArgs, toneMapDeep> {
  static void run(const void* args, const Grid& grid) {
    toneMapRows<uint16_t>(static_cast<const DeepToneMapArgs*>(args)->args, grid);
  }
};

}  // namespace
}  // namespace framepath
