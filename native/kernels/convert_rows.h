// convert on the CPU, row by row.
#pragma once
#include "kernels/convert.h"
#include "kernels/host_loop.h"
#include "kernels/resize_rows.h"

namespace framepath {
namespace {

inline void storeRgbRow(const ConvertArgs& a, int32_t x, int32_t y, int32_t count, const float* const rows[3]) {
  const PixelFormat& f = a.target.format;
  uint8_t* to = targetAt(a, 0, x, y, f.components);
  const float *first = rows[f.bgr ? 2 : 0], *third = rows[f.bgr ? 0 : 2];
  if (f.components == 4) {
    for (int32_t i = 0; i < count; i++) {
      to[4 * i] = roundedByte(first[i]);
      to[4 * i + 1] = roundedByte(rows[1][i]);
      to[4 * i + 2] = roundedByte(third[i]);
      to[4 * i + 3] = 255;
    }
  } else {
    for (int32_t i = 0; i < count; i++) {
      to[3 * i] = roundedByte(first[i]);
      to[3 * i + 1] = roundedByte(rows[1][i]);
      to[3 * i + 2] = roundedByte(third[i]);
    }
  }
}

inline void storeLumaRow(const ConvertArgs& a, const RgbToYuv& t, int32_t x, int32_t y, int32_t count,
                         const float* const rows[3]) {
  uint8_t* to = targetAt(a, 0, x, y, 1);
  if (a.target.format.layout == PixelLayout::gray) {
    for (int32_t i = 0; i < count; i++) to[i] = roundedByte(rows[0][i] * t.lumaScale + t.lumaOffset);
    return;
  }
  for (int32_t i = 0; i < count; i++) {
    const float pixel[3] = {rows[0][i], rows[1][i], rows[2][i]};
    to[i] = roundedByte(lumaOf(t, pixel) * t.lumaScale + t.lumaOffset);
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
        for (int32_t i = 0; i < count; i++) {
          const float pixel[3] = {rows[0][i], rows[1][i], rows[2][i]};
          storeChroma(a, yuv, x + i, y, pixel);
        }
      });
    }
    if (done) return;
    for (int32_t y = 0; y < grid.y; y++)
      for (int32_t x = 0; x < grid.x; x++) convert(a, x, y, 0);
  }
};

}  // namespace
}  // namespace framepath
