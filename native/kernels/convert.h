// Any rectangle of a picture into an 8-bit picture of any size and layout: pixels for users, JPEG and snapshots.
#pragma once
#include "kernels/color.h"
#include "kernels/resize.h"

namespace framepath {

// Grid: (target.width, target.height, 1). The target's depth is 8. RGB is full range; gray and YUV targets are written
// in target.matrix and target.range, YUV to YUV without clamping in between. Source and target must not overlap.
struct ConvertArgs {
  ImageView source;
  int32_t x256, y256, width256, height256;  // in 1/256 stored pixels; width and height > 0; edges repeat outside
  ImageView target;
};

HD Axis convertAxisX(const ConvertArgs& a, const Channel& c, int32_t groupShift) {
  return {a.x256, a.width256, a.target.width, groupShift, c.shiftX, c.width};
}
HD Axis convertAxisY(const ConvertArgs& a, const Channel& c, int32_t groupShift) {
  return {a.y256, a.height256, a.target.height, groupShift, c.shiftY, c.height};
}

// The pixels (R, G, B or luma) of one output; the group shifts are those of the target's chroma, or 0.
HD void convertPixel(const ConvertArgs& a, int32_t x, int32_t y, int32_t groupShiftX, int32_t groupShiftY,
                     float pixel[3]) {
  const PixelReader reader = pixelReader(a.source);
  const int32_t wanted = channelCount(a.target.format);
  const int32_t channels = lumaIsEnough(reader, wanted) ? 1 : 3;
  float samples[3] = {0, 0, 0};
  for (int32_t i = 0; i < channels; i++) {
    const Channel c = channelOf(a.source, i);
    samples[i] = resample(c, tapsOf(convertAxisX(a, c, groupShiftX), x), tapsOf(convertAxisY(a, c, groupShiftY), y));
  }
  readPixel(reader, wanted, samples, pixel);
}

HD uint8_t roundedByte(float value) {
  return static_cast<uint8_t>(clampPixel(value) + 0.5f);
}

HD uint8_t* targetAt(const ConvertArgs& a, int32_t plane, int32_t x, int32_t y, int32_t step) {
  const Plane& to = a.target.planes[plane];
  return to.data + static_cast<int64_t>(y) * to.pitchBytes + static_cast<int64_t>(x) * step;
}

HD void storeRgb(const ConvertArgs& a, int32_t x, int32_t y, const float pixel[3]) {
  const PixelFormat& f = a.target.format;
  uint8_t* to = targetAt(a, 0, x, y, f.components);
  for (int32_t c = 0; c < 3; c++) to[c] = roundedByte(pixel[f.bgr ? 2 - c : c]);
  if (f.components == 4) to[3] = 255;
}

HD void storeLuma(const ConvertArgs& a, const RgbToYuv& t, int32_t x, int32_t y, const float pixel[3]) {
  const float value = a.target.format.layout == PixelLayout::gray ? pixel[0] : lumaOf(t, pixel);
  *targetAt(a, 0, x, y, 1) = roundedByte(value * t.lumaScale + t.lumaOffset);
}

HD void storeChroma(const ConvertArgs& a, const RgbToYuv& t, int32_t x, int32_t y, const float pixel[3]) {
  const uint8_t u = roundedByte((pixel[2] - lumaOf(t, pixel)) * t.blueScale + 128.0f);
  const uint8_t v = roundedByte((pixel[0] - lumaOf(t, pixel)) * t.redScale + 128.0f);
  if (a.target.format.layout == PixelLayout::semiPlanarYuv) {
    uint8_t* to = targetAt(a, 1, x, y, 2);
    to[0] = u;
    to[1] = v;
  } else {
    *targetAt(a, 1, x, y, 1) = u;
    *targetAt(a, 2, x, y, 1) = v;
  }
}

HD void convert(const ConvertArgs& a, int32_t x, int32_t y, int32_t) {
  const PixelFormat& f = a.target.format;
  float pixel[3];
  convertPixel(a, x, y, 0, 0, pixel);
  if (f.layout == PixelLayout::rgb) {
    storeRgb(a, x, y, pixel);
    return;
  }
  const RgbToYuv t = rgbToYuv(a.target.matrix, a.target.range);
  storeLuma(a, t, x, y, pixel);
  if (f.layout == PixelLayout::gray) return;
  const int32_t sx = f.chromaShiftX, sy = f.chromaShiftY;
  if ((x & ((1 << sx) - 1)) || (y & ((1 << sy) - 1))) return;
  convertPixel(a, x >> sx, y >> sy, sx, sy, pixel);
  storeChroma(a, t, x >> sx, y >> sy, pixel);
}

}  // namespace framepath
