// deinterlace on the CPU, row by row: the middle of a row has no edges to look out for.
#pragma once
#include "kernels/deinterlace.h"
#include "kernels/host_loop.h"

namespace framepath {
namespace {

// A row of a picture is one cache line after the other of up to ten others: pieces of it stay in the first cache.
constexpr int32_t kDeinterlaceStrip = 512;

template <typename T, bool kBefore, bool kNeighbours>
void deinterlaceMiddle(const MissingRow<T>& rows, int32_t step, int32_t from, int32_t to, T* out) {
  const MissingRow<T> r = rows;
  alignas(64) int32_t values[kDeinterlaceStrip];
  for (int32_t start = from; start < to; start += kDeinterlaceStrip) {
    const int32_t count = minOf(kDeinterlaceStrip, to - start);
    for (int32_t i = 0; i < count; i++) values[i] = alongEdge(r, start + i, step, true);
    if (kBefore)
      for (int32_t i = 0; i < count; i++) values[i] = withinChange(r, start + i, values[i], kNeighbours);
    for (int32_t i = 0; i < count; i++) out[start + i] = static_cast<T>(values[i]);
  }
}

template <typename T>
void deinterlaceRow(const DeinterlaceArgs& a, int32_t y) {
  T* out = reinterpret_cast<T*>(a.to.data + static_cast<int64_t>(y) * a.to.pitchBytes);
  if (!isMissing(a, y)) {
    __builtin_memcpy(out, rowAt<T>(a.current, y), static_cast<size_t>(a.width) * sizeof(T));
    return;
  }
  const MissingRow<T> rows = missingRow<T>(a, y);
  const int32_t begin = minOf(3 * a.step, a.width), end = maxOf(begin, a.width - 3 * a.step);
  for (int32_t x = 0; x < begin; x++) out[x] = static_cast<T>(missingValue(a, rows, x));
  if (!rows.earlier) {
    deinterlaceMiddle<T, false, false>(rows, a.step, begin, end, out);
  } else if (rows.laterUp) {
    deinterlaceMiddle<T, true, true>(rows, a.step, begin, end, out);
  } else {
    deinterlaceMiddle<T, true, false>(rows, a.step, begin, end, out);
  }
  for (int32_t x = end; x < a.width; x++) out[x] = static_cast<T>(missingValue(a, rows, x));
}

template <>
struct HostLoop<DeinterlaceArgs, deinterlace> {
  static void run(const void* opaque, const Grid& grid) {
    const DeinterlaceArgs& a = *static_cast<const DeinterlaceArgs*>(opaque);
    for (int32_t y = 0; y < grid.y; y++) {
      if (a.wide) {
        deinterlaceRow<uint16_t>(a, y);
      } else {
        deinterlaceRow<uint8_t>(a, y);
      }
    }
  }
};

}  // namespace
}  // namespace framepath
