// High dynamic range pictures (PQ, HLG) as 8-bit ones, and SDR ones as 10-bit ones of high dynamic range. All curves
// are tables that were computed once (media/tone_curves): what is left is arithmetic that is exact everywhere.
#pragma once
#include "kernels/color.h"
#include "kernels/sample.h"

namespace framepath {

// Curves over a signal have this many entries over 0..1; the nearest one is taken. Curves over light go by its
// logarithm, from 2^-24 to 1: by exponent and 8 bits of mantissa, which makes 24 * 256 entries and the last.
inline constexpr int32_t kToneSignals = 4096;
inline constexpr int32_t kToneLights = 24 * 256 + 1;

// Grid: (width, height, 1), of both pictures: they have one size, layout and chroma subsampling. `to` has depth 8; its
// matrix and range are written.
struct ToneMapArgs {
  ImageView from, to;
  const float* light;     // kToneSignals: linear light of a signal, 1 = the brightest
  const float* system;    // kToneLights: of luminance, what its light is multiplied with on the display (HLG; PQ: 1)
  const float* gain;      // kToneLights: of the largest component there, what all are multiplied with; 1 = SDR white
  const float* signal;    // kToneLights: of linear light, 1 = SDR white: 0..255
  float primaries[9];     // R, G, B of the source's primaries to the target's, row by row
  LumaWeights luminance;  // of the source's primaries
};
// The same for a target of 10 bits and limited range.
struct DeepToneMapArgs {
  ToneMapArgs args;
};

// Clamped as integers: compilers make branches of chained comparisons of floats, and no vectors.
HD int32_t toneSignalIndex(float unit) {
  const int32_t index = static_cast<int32_t>(unit * static_cast<float>(kToneSignals - 1) + 0.5f);
  return minOf(maxOf(index, 0), kToneSignals - 1);
}
HD int32_t toneLightIndex(float light) {
  const int32_t index = (static_cast<int32_t>(bitsOf(light)) >> 15) - 103 * 256;
  return minOf(maxOf(index, 0), kToneLights - 1);
}
// The light that an entry stands for: the middle of what finds it.
HD float toneLightAt(int32_t index) {
  if (index == 0) return 0.0f;
  if (index == kToneLights - 1) return 1.0f;
  return floatOf((static_cast<uint32_t>(index + 103 * 256) << 15) + (1u << 14));
}

// Of two that are not negative.
HD float largerLight(float a, float b) {
  return floatOf(static_cast<uint32_t>(maxOf(static_cast<int32_t>(bitsOf(a)), static_cast<int32_t>(bitsOf(b)))));
}

// In place: R, G, B of the source in 0..255, to those of SDR.
HD void toneMapPixel(const ToneMapArgs& a, float pixel[3]) {
  float rgb[3];
  for (int32_t c = 0; c < 3; c++) rgb[c] = a.light[toneSignalIndex(pixel[c] * (1.0f / 255.0f))];
  const float luminance = lumaOf(a.luminance, rgb);
  const float system = a.system[toneLightIndex(luminance)];
  const float largest = largerLight(rgb[0], largerLight(rgb[1], rgb[2])) * system;
  const float gain = system * a.gain[toneLightIndex(largest)];
  for (int32_t c = 0; c < 3; c++) rgb[c] = rgb[c] * gain;
  for (int32_t c = 0; c < 3; c++) {
    const float* m = a.primaries + 3 * c;
    pixel[c] = a.signal[toneLightIndex((m[0] * rgb[0] + m[1] * rgb[1]) + m[2] * rgb[2])];
  }
}

// Bits beyond the format's depth are cut off.
HD float toneSample(const Channel& c, int32_t depth, int32_t x, int32_t y) {
  return static_cast<float>(sampleAt(c, x, y) & ((1u << depth) - 1));
}

// The mean of the luma samples under a chroma sample.
HD float toneLumaUnder(const PixelFormat& f, const Channel& luma, int32_t x, int32_t y) {
  const int32_t across = 1 << f.chromaShiftX, down = 1 << f.chromaShiftY;
  float sum = 0;
  for (int32_t j = 0; j < down; j++)
    for (int32_t i = 0; i < across; i++) sum += toneSample(luma, f.depth, x * across + i, y * down + j);
  return sum * (1.0f / static_cast<float>(across * down));
}

// A value in 0..255 as the target's. Codes of limited range are four times as large in 10 bits, those of R, G and B as
// many times as the largest.
template <typename Sample>
HD Sample toneValue(float value, float deep = 4.0f) {
  constexpr int32_t most = sizeof(Sample) == 1 ? 255 : 1023;
  if (sizeof(Sample) > 1) value = value * deep;
  return static_cast<Sample>(minOf(maxOf(static_cast<int32_t>(value + 0.5f), 0), most));
}
template <typename Sample>
HD Sample toneLuma(const RgbToYuv& t, const float pixel[3]) {
  return toneValue<Sample>(lumaOf(t, pixel) * t.lumaScale + t.lumaOffset);
}
template <typename Sample>
HD Sample toneU(const RgbToYuv& t, const float pixel[3]) {
  return toneValue<Sample>((pixel[2] - lumaOf(t, pixel)) * t.blueScale + 128.0f);
}
template <typename Sample>
HD Sample toneV(const RgbToYuv& t, const float pixel[3]) {
  return toneValue<Sample>((pixel[0] - lumaOf(t, pixel)) * t.redScale + 128.0f);
}

template <typename Sample>
HD Sample* toneTarget(const ImageView& to, int32_t plane, int32_t x, int32_t y, int32_t step) {
  const Plane& p = to.planes[plane];
  return reinterpret_cast<Sample*>(p.data + static_cast<int64_t>(y) * p.pitchBytes) + static_cast<int64_t>(x) * step;
}
// Of a value in its sample.
template <typename Sample>
HD int32_t toneShift(const PixelFormat& to) {
  return sizeof(Sample) > 1 && to.msbAligned ? 6 : 0;
}
template <typename Sample>
HD void toneStoreChroma(const ToneMapArgs& a, int32_t x, int32_t y, Sample u, Sample v) {
  const int32_t shift = toneShift<Sample>(a.to.format);
  u = static_cast<Sample>(u << shift);
  v = static_cast<Sample>(v << shift);
  if (a.to.format.layout == PixelLayout::semiPlanarYuv) {
    Sample* to = toneTarget<Sample>(a.to, 1, x, y, 2);
    to[0] = u;
    to[1] = v;
  } else {
    *toneTarget<Sample>(a.to, 1, x, y, 1) = u;
    *toneTarget<Sample>(a.to, 2, x, y, 1) = v;
  }
}

template <typename Sample>
HD void toneMapTo(const ToneMapArgs& a, int32_t x, int32_t y) {
  const PixelFormat& f = a.from.format;
  const PixelReader reader = pixelReader(a.from);
  const RgbToYuv yuv = rgbToYuv(a.to.matrix, a.to.range);
  const Channel c0 = channelOf(a.from, 0), c1 = channelOf(a.from, 1), c2 = channelOf(a.from, 2);
  const bool gray = f.layout == PixelLayout::gray;
  const int32_t sx = f.chromaShiftX, sy = f.chromaShiftY, cx = x >> sx, cy = y >> sy;
  float samples[3] = {toneSample(c0, f.depth, x, y), 0, 0}, pixel[3];
  if (!gray) {
    samples[1] = toneSample(c1, f.depth, cx, cy);
    samples[2] = toneSample(c2, f.depth, cx, cy);
  }
  readPixel(reader, 3, samples, pixel);
  toneMapPixel(a, pixel);
  if (f.layout == PixelLayout::rgb) {
    const PixelFormat& t = a.to.format;
    Sample* to = toneTarget<Sample>(a.to, 0, x, y, t.components);
    for (int32_t c = 0; c < 3; c++) to[c] = toneValue<Sample>(pixel[t.bgr ? 2 - c : c], 1023.0f / 255.0f);
    if (t.components == 4) to[3] = toneValue<Sample>(255, 1023.0f / 255.0f);
    return;
  }
  *toneTarget<Sample>(a.to, 0, x, y, 1) =
      static_cast<Sample>(toneLuma<Sample>(yuv, pixel) << toneShift<Sample>(a.to.format));
  if (gray || (x & ((1 << sx) - 1)) || (y & ((1 << sy) - 1))) return;
  samples[0] = toneLumaUnder(f, c0, cx, cy);
  readPixel(reader, 3, samples, pixel);
  toneMapPixel(a, pixel);
  toneStoreChroma<Sample>(a, cx, cy, toneU<Sample>(yuv, pixel), toneV<Sample>(yuv, pixel));
}
HD void toneMap(const ToneMapArgs& a, int32_t x, int32_t y, int32_t) {
  toneMapTo<uint8_t>(a, x, y);
}
HD void toneMapDeep(const DeepToneMapArgs& a, int32_t x, int32_t y, int32_t) {
  toneMapTo<uint16_t>(a.args, x, y);
}

}  // namespace framepath
