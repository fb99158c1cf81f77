// fill and rotate on the CPU.
#pragma once
#include "kernels/fill.h"
#include "kernels/host_loop.h"
#include "kernels/math.h"
#include "kernels/rotate.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace framepath {
namespace {

template <>
struct HostLoop<FillArgs, fill> {
  static void run(const void* opaque, const Grid& grid) {
    const FillArgs& a = *static_cast<const FillArgs*>(opaque);
    for (int32_t y = 0; y < grid.y; y++)
      __builtin_memset(a.plane.data + static_cast<int64_t>(y) * a.plane.pitchBytes, a.value,
                       static_cast<size_t>(grid.x));
  }
};

// Source rows and columns as an odd turn walks them: output (x, y) is the sample at row(x), column(y).
struct TurnedAxes {
  const uint8_t* origin;
  int64_t perX, perY;  // bytes
};
inline TurnedAxes turnedAxes(const RotateArgs& a) {
  const int64_t pitch = a.from.pitchBytes, step = a.sampleBytes;
  if (a.quarterTurns == 1) return {a.from.data + (a.fromHeight - 1) * pitch, -pitch, step};
  return {a.from.data + (a.fromWidth - 1) * step, pitch, -step};
}

#if defined(__SSE2__)
// 8x8 bytes: source rows become columns.
inline void turnBlock(const TurnedAxes& t, int32_t x, int32_t y, const RotateArgs& a) {
  // Columns are read from the lowest address on, so a turn to the left fills the output rows from below.
  const bool backwards = t.perY < 0;
  const uint8_t* from = t.origin + x * t.perX + (backwards ? y + 7 : y) * t.perY;
  __m128i row[8], pair[4], quad[4], column[4];
  for (int32_t k = 0; k < 8; k++) row[k] = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + k * t.perX));
  for (int32_t k = 0; k < 4; k++) pair[k] = _mm_unpacklo_epi8(row[2 * k], row[2 * k + 1]);
  for (int32_t k = 0; k < 2; k++) {
    quad[2 * k] = _mm_unpacklo_epi16(pair[2 * k], pair[2 * k + 1]);
    quad[2 * k + 1] = _mm_unpackhi_epi16(pair[2 * k], pair[2 * k + 1]);
  }
  for (int32_t k = 0; k < 2; k++) {
    column[2 * k] = _mm_unpacklo_epi32(quad[k], quad[k + 2]);
    column[2 * k + 1] = _mm_unpackhi_epi32(quad[k], quad[k + 2]);
  }
  for (int32_t k = 0; k < 8; k++) {
    uint8_t* to = a.to.data + static_cast<int64_t>(backwards ? y + 7 - k : y + k) * a.to.pitchBytes + x;
    const __m128i value = k & 1 ? _mm_unpackhi_epi64(column[k / 2], column[k / 2]) : column[k / 2];
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), value);
  }
}
#endif

template <int32_t bytes>
inline void turnSamples(const TurnedAxes& t, const RotateArgs& a, int32_t fromX, int32_t toX, int32_t fromY,
                        int32_t toY) {
  for (int32_t y = fromY; y < toY; y++) {
    uint8_t* to = a.to.data + static_cast<int64_t>(y) * a.to.pitchBytes;
    for (int32_t x = fromX; x < toX; x++) __builtin_memcpy(to + x * bytes, t.origin + x * t.perX + y * t.perY, bytes);
  }
}

// A quarter turn in tiles whose source and target rows stay in the cache.
template <int32_t bytes>
inline void turn(const RotateArgs& a, const Grid& grid) {
  constexpr int32_t kTile = 64;
  const TurnedAxes t = turnedAxes(a);
  for (int32_t y = 0; y < grid.y; y += kTile)
    for (int32_t x = 0; x < grid.x; x += kTile) {
      const int32_t endX = minOf(x + kTile, grid.x), endY = minOf(y + kTile, grid.y);
      int32_t blocksX = x, blocksY = y;
#if defined(__SSE2__)
      if (bytes == 1) {
        blocksX = endX - (endX - x) % 8;
        blocksY = endY - (endY - y) % 8;
        for (int32_t by = y; by < blocksY; by += 8)
          for (int32_t bx = x; bx < blocksX; bx += 8) turnBlock(t, bx, by, a);
      }
#endif
      turnSamples<bytes>(t, a, blocksX, endX, y, blocksY);
      turnSamples<bytes>(t, a, x, endX, blocksY, endY);
    }
}

// 180 degrees: rows from below, each reversed.
template <int32_t bytes>
inline void turnOver(const RotateArgs& a, const Grid& grid) {
  for (int32_t y = 0; y < grid.y; y++) {
    const uint8_t* last = a.from.data + static_cast<int64_t>(a.fromHeight - 1 - y) * a.from.pitchBytes +
                          static_cast<int64_t>(a.fromWidth - 1) * bytes;
    uint8_t* to = a.to.data + static_cast<int64_t>(y) * a.to.pitchBytes;
    for (int32_t x = 0; x < grid.x; x++) __builtin_memcpy(to + x * bytes, last - x * bytes, bytes);
  }
}

template <int32_t bytes>
inline void rotateSamples(const RotateArgs& a, const Grid& grid) {
  if (a.quarterTurns == 2) {
    turnOver<bytes>(a, grid);
  } else {
    turn<bytes>(a, grid);
  }
}

template <>
struct HostLoop<RotateArgs, rotate> {
  static void run(const void* opaque, const Grid& grid) {
    const RotateArgs& a = *static_cast<const RotateArgs*>(opaque);
    if (a.quarterTurns == 0) {
      for (int32_t y = 0; y < grid.y; y++)
        __builtin_memcpy(a.to.data + static_cast<int64_t>(y) * a.to.pitchBytes,
                         a.from.data + static_cast<int64_t>(y) * a.from.pitchBytes,
                         static_cast<size_t>(grid.x) * a.sampleBytes);
      return;
    }
    switch (a.sampleBytes) {
      case 1: rotateSamples<1>(a, grid); return;
      case 2: rotateSamples<2>(a, grid); return;
      case 3: rotateSamples<3>(a, grid); return;
      case 4: rotateSamples<4>(a, grid); return;
      default:
        for (int32_t y = 0; y < grid.y; y++)
          for (int32_t x = 0; x < grid.x; x++) rotate(a, x, y, 0);
    }
  }
};

}  // namespace
}  // namespace framepath
