// convert on the CPU, row by row.
#pragma once
#include "kernels/convert.h"
#include "kernels/host_loop.h"
#include "kernels/resize_rows.h"

namespace framepath {
namespace {

// roundedByte in two loops: GCC vectorises each, but not both in one.
inline void roundRow(const float* values, int32_t count, uint8_t* bytes) {
  alignas(64) float clamped[kStripOutputs];
  for (int32_t i = 0; i < count; i++) clamped[i] = clampPixel(values[i]);
  for (int32_t i = 0; i < count; i++) bytes[i] = static_cast<uint8_t>(static_cast<int32_t>(clamped[i] + 0.5f));
}

inline void storeRgbRow(const ConvertArgs& a, int32_t x, int32_t y, int32_t count, const float* const rows[3]) {
  const PixelFormat& f = a.target.format;
  uint8_t* to = targetAt(a, 0, x, y, f.components);
  alignas(64) uint8_t bytes[3][kStripOutputs];
  for (int32_t c = 0; c < 3; c++) roundRow(rows[f.bgr ? 2 - c : c], count, bytes[c]);
  if (f.components == 4) {
    for (int32_t i = 0; i < count; i++) {
      for (int32_t c = 0; c < 3; c++) to[4 * i + c] = bytes[c][i];
      to[4 * i + 3] = 255;
    }
  } else {
    for (int32_t i = 0; i < count; i++)
      for (int32_t c = 0; c < 3; c++) to[3 * i + c] = bytes[c][i];
  }
}

// Overwrites rows[0].
inline void storeLumaRow(const ConvertArgs& a, const RgbToYuv& t, int32_t x, int32_t y, int32_t count,
                         float* const rows[3]) {
  float* values = rows[0];
  if (a.target.format.layout != PixelLayout::gray)
    for (int32_t i = 0; i < count; i++) {
      const float pixel[3] = {rows[0][i], rows[1][i], rows[2][i]};
      values[i] = lumaOf(t, pixel);
    }
  for (int32_t i = 0; i < count; i++) values[i] = values[i] * t.lumaScale + t.lumaOffset;
  roundRow(values, count, targetAt(a, 0, x, y, 1));
}

// Overwrites rows[0] and rows[2].
inline void storeChromaRow(const ConvertArgs& a, const RgbToYuv& t, int32_t x, int32_t y, int32_t count,
                           float* const rows[3]) {
  for (int32_t i = 0; i < count; i++) {
    const float pixel[3] = {rows[0][i], rows[1][i], rows[2][i]};
    const float luma = lumaOf(t, pixel);
    rows[2][i] = (pixel[2] - luma) * t.blueScale + 128.0f;
    rows[0][i] = (pixel[0] - luma) * t.redScale + 128.0f;
  }
  if (a.target.format.layout == PixelLayout::planarYuv) {
    roundRow(rows[2], count, targetAt(a, 1, x, y, 1));
    roundRow(rows[0], count, targetAt(a, 2, x, y, 1));
    return;
  }
  alignas(64) uint8_t u[kStripOutputs], v[kStripOutputs];
  roundRow(rows[2], count, u);
  roundRow(rows[0], count, v);
  uint8_t* to = targetAt(a, 1, x, y, 2);
  for (int32_t i = 0; i < count; i++) {
    to[2 * i] = u[i];
    to[2 * i + 1] = v[i];
  }
}

template <>
struct HostLoop<ConvertArgs, convert> {
  static void run(const void* opaque, const Grid& grid) {
    const ConvertArgs& a = *static_cast<const ConvertArgs*>(opaque);
    const PixelFormat& f = a.target.format;
    const PixelReader reader = pixelReader(a.source);
    const int32_t wanted = channelCount(f);
    const int32_t channels = lumaIsEnough(reader, wanted) ? 1 : 3;
    const RgbToYuv yuv = rgbToYuv(a.target.matrix, a.target.range);
    ResizeJob job{a.source, channels, a.x256, a.y256, a.width256, a.height256, a.target.width, a.target.height, 0, 0};

    bool done = resizeRows(job, [&](int32_t x, int32_t y, int32_t count, float* const rows[3]) {
      readPixels(reader, wanted, count, rows);
      if (f.layout == PixelLayout::rgb) {
        storeRgbRow(a, x, y, count, rows);
      } else {
        storeLumaRow(a, yuv, x, y, count, rows);
      }
    });
    if (done && (f.layout == PixelLayout::planarYuv || f.layout == PixelLayout::semiPlanarYuv)) {
      job.groupShiftX = f.chromaShiftX;
      job.groupShiftY = f.chromaShiftY;
      done = resizeRows(job, [&](int32_t x, int32_t y, int32_t count, float* const rows[3]) {
        readPixels(reader, wanted, count, rows);
        storeChromaRow(a, yuv, x, y, count, rows);
      });
    }
    if (done) return;
    for (int32_t y = 0; y < grid.y; y++)
      for (int32_t x = 0; x < grid.x; x++) convert(a, x, y, 0);
  }
};

}  // namespace
}  // namespace framepath
