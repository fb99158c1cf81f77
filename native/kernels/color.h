// Sample values to R, G, B in 0..255 and back.
#pragma once
#include "kernels/math.h"

namespace framepath {

struct LumaWeights {
  float red, green, blue;
};

HD LumaWeights lumaWeights(ColorMatrix matrix) {
  switch (matrix) {
    case ColorMatrix::bt601: return {0.299f, 0.587f, 0.114f};
    case ColorMatrix::bt2020: return {0.2627f, 0.678f, 0.0593f};
    default: return {0.2126f, 0.7152f, 0.0722f};
  }
}

// luma = (Y - lumaOffset) * lumaScale; R = luma + redV * v; G = luma + greenU * u + greenV * v; B = luma + blueU * u,
// with u and v relative to chromaOffset.
struct YuvToRgb {
  float lumaOffset, lumaScale, chromaOffset;
  float redV, greenU, greenV, blueU;
};

HD YuvToRgb yuvToRgb(ColorMatrix matrix, ColorRange range, int32_t depth) {
  const LumaWeights k = lumaWeights(matrix);
  const float unit = static_cast<float>(1 << (depth - 8));
  const float full = static_cast<float>((1 << depth) - 1);
  const bool limited = range == ColorRange::limited;
  YuvToRgb t;
  t.lumaOffset = limited ? 16.0f * unit : 0.0f;
  t.lumaScale = 255.0f / (limited ? 219.0f * unit : full);
  t.chromaOffset = 128.0f * unit;
  const float chroma = 255.0f / (limited ? 224.0f * unit : full);
  t.redV = 2.0f * (1.0f - k.red) * chroma;
  t.blueU = 2.0f * (1.0f - k.blue) * chroma;
  t.greenU = -2.0f * k.blue * (1.0f - k.blue) / k.green * chroma;
  t.greenV = -2.0f * k.red * (1.0f - k.red) / k.green * chroma;
  return t;
}

HD float luma(const YuvToRgb& t, float y) {
  return (y - t.lumaOffset) * t.lumaScale;
}

// Not clamped: pictures converted to another YUV keep their headroom.
HD void toRgb(const YuvToRgb& t, float y, float u, float v, float rgb[3]) {
  const float l = luma(t, y), du = u - t.chromaOffset, dv = v - t.chromaOffset;
  rgb[0] = l + t.redV * dv;
  rgb[1] = (l + t.greenU * du) + t.greenV * dv;
  rgb[2] = l + t.blueU * du;
}

HD float clampPixel(float value) {
  value = value > 0.0f ? value : 0.0f;
  return value < 255.0f ? value : 255.0f;
}

// 8-bit samples of R, G, B: Y = luma * lumaScale + lumaOffset, U = (B - luma) * blueScale + 128, V likewise.
struct RgbToYuv {
  LumaWeights weights;
  float lumaScale, lumaOffset, blueScale, redScale;
};

HD RgbToYuv rgbToYuv(ColorMatrix matrix, ColorRange range) {
  const bool limited = range == ColorRange::limited;
  RgbToYuv t;
  t.weights = lumaWeights(matrix);
  t.lumaScale = limited ? 219.0f / 255.0f : 1.0f;
  t.lumaOffset = limited ? 16.0f : 0.0f;
  const float chroma = limited ? 224.0f / 255.0f : 1.0f;
  t.blueScale = chroma / (2.0f * (1.0f - t.weights.blue));
  t.redScale = chroma / (2.0f * (1.0f - t.weights.red));
  return t;
}

HD float lumaOf(const LumaWeights& w, const float rgb[3]) {
  return (w.red * rgb[0] + w.green * rgb[1]) + w.blue * rgb[2];
}
HD float lumaOf(const RgbToYuv& t, const float rgb[3]) {
  return lumaOf(t.weights, rgb);
}

// How the samples of a picture become pixels.
struct PixelReader {
  PixelLayout layout;
  YuvToRgb yuv;
  LumaWeights weights;
  float rgbScale;
};

HD PixelReader pixelReader(const ImageView& view) {
  PixelReader r;
  r.layout = view.format.layout;
  r.yuv = yuvToRgb(view.matrix, view.range, view.format.depth);
  r.weights = lumaWeights(view.matrix);
  r.rgbScale = 255.0f / static_cast<float>((1 << view.format.depth) - 1);
  return r;
}

// Whether luma alone gives the value: then only channel 0 needs to be sampled.
HD bool lumaIsEnough(const PixelReader& r, int32_t channels) {
  return r.layout == PixelLayout::gray || (channels == 1 && r.layout != PixelLayout::rgb);
}

// `samples` (Y, U, V or R, G, B; only Y where lumaIsEnough) to `channels` unclamped pixel values.
HD void readPixel(const PixelReader& r, int32_t channels, const float samples[3], float pixel[3]) {
  if (lumaIsEnough(r, channels)) {
    pixel[0] = pixel[1] = pixel[2] = luma(r.yuv, samples[0]);
  } else if (r.layout == PixelLayout::rgb) {
    for (int32_t c = 0; c < 3; c++) pixel[c] = samples[c] * r.rgbScale;
    if (channels == 1) pixel[0] = lumaOf(r.weights, pixel);
  } else {
    toRgb(r.yuv, samples[0], samples[1], samples[2], pixel);
  }
}

}  // namespace framepath
