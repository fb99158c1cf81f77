// Random pictures of every format.
#pragma once
#include "conformance/stage.h"
#include "device/image.h"

namespace framepath::conformance {

inline constexpr PixelFormat kFormats[] = {
    pixelFormat::yuv420p,
    pixelFormat::yuv422p,
    pixelFormat::yuv444p,
    {PixelLayout::planarYuv, 0, 1, 8, 3, false, false},  // 4:4:0
    {PixelLayout::planarYuv, 2, 0, 8, 3, false, false},  // 4:1:1
    pixelFormat::nv12,
    {PixelLayout::semiPlanarYuv, 1, 0, 8, 3, false, false},  // NV16
    pixelFormat::p010,
    {PixelLayout::semiPlanarYuv, 1, 1, 16, 3, false, true},  // P016
    {PixelLayout::planarYuv, 1, 1, 10, 3, false, false},
    {PixelLayout::planarYuv, 1, 0, 12, 3, false, false},
    {PixelLayout::planarYuv, 0, 0, 16, 3, false, false},
    pixelFormat::rgb24,
    pixelFormat::bgr24,
    pixelFormat::rgba,
    {PixelLayout::rgb, 0, 0, 8, 4, true, false},    // BGRA
    {PixelLayout::rgb, 0, 0, 16, 3, false, false},  // RGB48
    pixelFormat::gray8,
    {PixelLayout::gray, 0, 0, 10, 1, false, false},
};
inline constexpr PixelFormat kByteFormats[] = {
    pixelFormat::rgb24, pixelFormat::bgr24,   pixelFormat::rgba,    pixelFormat::gray8,
    pixelFormat::nv12,  pixelFormat::yuv420p, pixelFormat::yuv422p, pixelFormat::yuv444p,
};
inline constexpr ColorMatrix kMatrices[] = {ColorMatrix::bt601, ColorMatrix::bt709, ColorMatrix::bt2020};
inline constexpr ColorRange kRanges[] = {ColorRange::limited, ColorRange::full};

inline std::vector<uint8_t> randomBytes(Random& random, size_t count) {
  std::vector<uint8_t> bytes(count);
  // Extremes are as likely as anything: sums overflow there first.
  const int32_t style = random.below(4);
  uint64_t state = static_cast<uint64_t>(random.between(1, 1 << 30)) << 32 | 1;
  for (uint8_t& b : bytes) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    b = style == 0 ? 255 : style == 1 ? (state >> 40 & 1 ? 255 : 0) : static_cast<uint8_t>(state >> 40);
  }
  return bytes;
}

// Rows `padding` bytes apart; the last row ends where its pixels end.
inline size_t planeBytes(int32_t rowBytes, int32_t height, int32_t padding) {
  return static_cast<size_t>(rowBytes + padding) * (height - 1) + rowBytes;
}

enum class Contents {
  any,  // also values beyond the format's depth
  inDepth,
  output,
  outputInDepth,
};

// Of deep samples, only the bits the format has.
inline void keepDepth(std::vector<uint8_t>& bytes, const PixelFormat& format) {
  if (format.depth == 8) return;
  const uint32_t mask = ((1u << format.depth) - 1) << (format.msbAligned ? 16 - format.depth : 0);
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    bytes[i] &= static_cast<uint8_t>(mask);
    bytes[i + 1] &= static_cast<uint8_t>(mask >> 8);
  }
}

inline ImageView picture(Random& random, Stage& stage, PixelFormat format, int32_t width, int32_t height,
                         Contents contents) {
  ImageView view;
  view.format = format;
  view.width = width;
  view.height = height;
  view.matrix = random.pick(kMatrices);
  view.range = random.pick(kRanges);
  for (int plane = 0; plane < planeCount(format); plane++) {
    const int32_t rowBytes = planeWidth(view, plane) * sampleBytes(view, plane);
    const int32_t padding = random.chance(2) ? 0 : 2 * random.below(40);
    std::vector<uint8_t> bytes = randomBytes(random, planeBytes(rowBytes, planeHeight(view, plane), padding));
    if (contents == Contents::inDepth || contents == Contents::outputInDepth) keepDepth(bytes, format);
    view.planes[plane].pitchBytes = rowBytes + padding;
    view.planes[plane].data = contents >= Contents::output ? stage.output(bytes) : stage.input(bytes);
  }
  return view;
}

// Small ones mostly; sometimes larger than a vector strip, sometimes a line.
inline int32_t randomSize(Random& random) {
  const int32_t kind = random.below(12);
  if (kind == 0) return 1;
  if (kind == 1) return random.between(257, 700);
  return random.between(1, 130);
}
// A picture of at most about 100,000 pixels.
inline ImageView randomPicture(Random& random, Stage& stage, Contents contents = Contents::any) {
  const int32_t width = randomSize(random);
  const int32_t height = minOf(randomSize(random), 100'000 / width);
  return picture(random, stage, random.pick(kFormats), width, height, contents);
}

struct Rect256 {
  int32_t x, y, width, height;
};
// The whole picture, or any rectangle, also one that reaches outside or is smaller than a pixel.
inline Rect256 randomRect(Random& random, const ImageView& view) {
  if (random.chance(2)) return {0, 0, view.width * 256, view.height * 256};
  const int32_t reach = random.chance(3) ? 30 * 256 : 0;
  const int32_t left = random.between(-reach, view.width * 256 - 1);
  const int32_t top = random.between(-reach, view.height * 256 - 1);
  return {left, top, random.between(1, view.width * 256 - left + reach),
          random.between(1, view.height * 256 - top + reach)};
}

}  // namespace framepath::conformance
