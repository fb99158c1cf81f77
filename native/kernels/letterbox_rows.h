// letterbox on the CPU, row by row.
#pragma once
#include "kernels/host_loop.h"
#include "kernels/letterbox.h"
#include "kernels/resize_rows.h"
#include "kernels/tensor_rows.h"

namespace framepath {
namespace {

// Pad over columns [x, end) of row y.
inline void storePad(const LetterboxArgs& a, int32_t x, int32_t end, int32_t y) {
  alignas(64) float pad[kStripOutputs];
  for (float& value : pad) value = a.normalize.pad;
  const float* const rows[3] = {pad, pad, pad};
  for (; x < end; x += kStripOutputs) storePixels(a.slot, a.normalize, x, y, minOf(kStripOutputs, end - x), rows);
}

template <>
struct HostLoop<LetterboxArgs, letterbox> {
  static void run(const void* opaque, const Grid& grid) {
    const LetterboxArgs& a = *static_cast<const LetterboxArgs*>(opaque);
    const PixelReader reader = pixelReader(a.source);
    const int32_t channels = lumaIsEnough(reader, a.normalize.channels) ? 1 : 3;
    const ResizeJob job{a.source, channels, a.x256, a.y256, a.width256, a.height256, a.toWidth, a.toHeight, 0, 0};
    const bool done = resizeRows(job, [&](int32_t x, int32_t y, int32_t count, float* const rows[3]) {
      readPixels(reader, a.normalize.channels, count, rows);
      for (int32_t c = 0; c < a.normalize.channels; c++)
        for (int32_t i = 0; i < count; i++) rows[c][i] = clampPixel(rows[c][i]);
      storePixels(a.slot, a.normalize, a.toX + x, a.toY + y, count, rows);
    });
    for (int32_t y = 0; y < grid.y; y++) {
      if (y < a.toY || y >= a.toY + a.toHeight) {
        storePad(a, 0, grid.x, y);
        continue;
      }
      storePad(a, 0, a.toX, y);
      storePad(a, a.toX + a.toWidth, grid.x, y);
      if (done) continue;
      for (int32_t x = a.toX; x < a.toX + a.toWidth; x++) letterbox(a, x, y, 0);
    }
  }
};

}  // namespace
}  // namespace framepath
