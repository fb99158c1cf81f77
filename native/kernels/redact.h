// Boxes of a 4:2:0 canvas of 8 or 10 bits made unrecognisable in place. One box a launch: boxes may overlap, and then
// the order of launches is the order of effects.
#pragma once
#include "kernels/compose.h"

namespace framepath {

// A box of a canvas as planes: plane 0 luma, 1 U, 2 V (of NV12 and P010 with a step of 2 samples).
template <typename Sample>
struct RedactPlane {
  Sample* data;
  int32_t pitch, step;  // samples
  int32_t width, height;
  int32_t shift;  // of a value in its sample
};

template <typename Sample>
HD RedactPlane<Sample> redactPlane(const ImageView& canvas, int32_t x, int32_t y, int32_t width, int32_t height,
                                   int32_t plane) {
  constexpr auto bytes = static_cast<int32_t>(sizeof(Sample));
  const int32_t shift = CanvasSamples<Sample>::shift(canvas.format);
  if (plane == 0)
    return {
        canvasSample<Sample>(canvas, x / 2, y / 2, 0), canvas.planes[0].pitchBytes / bytes, 1, width, height, shift};
  const bool pairs = canvas.format.layout == PixelLayout::semiPlanarYuv;
  return {canvasSample<Sample>(canvas, x / 2, y / 2, plane + 3),
          canvas.planes[pairs ? 1 : plane].pitchBytes / bytes,
          pairs ? 2 : 1,
          width / 2,
          height / 2,
          shift};
}

// Every block becomes its mean. Grid: (ceil(width / block), ceil(height / block), 3 planes).
struct PixelateArgs {
  ImageView canvas;
  int32_t x, y, width, height;  // even, inside the canvas
  int32_t block;                // luma pixels, even
};
// The same on a canvas of 10 bits.
struct DeepPixelateArgs {
  PixelateArgs args;
};

template <typename Sample>
HD void pixelateOn(const PixelateArgs& a, int32_t bx, int32_t by, int32_t plane) {
  const RedactPlane<Sample> p = redactPlane<Sample>(a.canvas, a.x, a.y, a.width, a.height, plane);
  const int32_t block = plane == 0 ? a.block : a.block / 2;
  const int32_t x1 = bx * block, y1 = by * block;
  const int32_t x2 = x1 + block < p.width ? x1 + block : p.width, y2 = y1 + block < p.height ? y1 + block : p.height;
  if (x1 >= x2 || y1 >= y2) return;
  uint64_t sum = 0;
  for (int32_t y = y1; y < y2; y++)
    for (int32_t x = x1; x < x2; x++)
      sum += static_cast<uint32_t>(p.data[static_cast<size_t>(y) * p.pitch + x * p.step] >> p.shift);
  const uint64_t n = static_cast<uint64_t>(x2 - x1) * (y2 - y1);
  const Sample mean = static_cast<Sample>((sum + n / 2) / n << p.shift);
  for (int32_t y = y1; y < y2; y++)
    for (int32_t x = x1; x < x2; x++) p.data[static_cast<size_t>(y) * p.pitch + x * p.step] = mean;
}
HD void pixelate(const PixelateArgs& a, int32_t bx, int32_t by, int32_t plane) {
  pixelateOn<uint8_t>(a, bx, by, plane);
}
HD void pixelateDeep(const DeepPixelateArgs& a, int32_t bx, int32_t by, int32_t plane) {
  pixelateOn<uint16_t>(a.args, bx, by, plane);
}

inline constexpr int32_t kBlurRun = 32;  // samples one thread slides over

// One pass of a box blur along one axis between the canvas and a scratch block; three passes along each axis come
// close to a Gaussian of standard deviation `radius`. Samples outside the box repeat its edge.
// Grid: (ceil(longest line / kBlurRun), lines, 3 planes).
struct BlurArgs {
  ImageView canvas;
  int32_t x, y, width, height;  // even, inside the canvas
  int32_t radius;               // luma pixels, >= 2
  uint8_t* scratch;             // width * height * 3 / 2 samples
  bool vertical;                // false: canvas -> scratch along rows; true: scratch -> canvas along columns
};

// The same on a canvas of 10 bits.
struct DeepBlurArgs {
  BlurArgs args;
};

// Where a plane is in the scratch block, whose samples hold values without a shift.
template <typename Sample>
HD Sample* blurScratch(const BlurArgs& a, int32_t plane) {
  return reinterpret_cast<Sample*>(a.scratch) +
         (plane == 0 ? 0 : a.width * a.height + (plane - 1) * (a.width / 2) * (a.height / 2));
}

template <typename Sample>
HD void blurOn(const BlurArgs& a, int32_t run, int32_t line, int32_t plane) {
  const RedactPlane<Sample> p = redactPlane<Sample>(a.canvas, a.x, a.y, a.width, a.height, plane);
  const int32_t lines = a.vertical ? p.width : p.height, length = a.vertical ? p.height : p.width;
  const int32_t begin = run * kBlurRun, end = begin + kBlurRun < length ? begin + kBlurRun : length;
  if (line >= lines || begin >= end) return;
  Sample* scratch = blurScratch<Sample>(a, plane);
  const int32_t radius = plane == 0 ? a.radius : a.radius / 2, window = 2 * radius + 1;
  const Sample* from = a.vertical ? scratch + line : p.data + static_cast<size_t>(line) * p.pitch;
  Sample* to = a.vertical ? p.data + line * p.step : scratch + static_cast<size_t>(line) * p.width;
  const size_t fromStep = a.vertical ? p.width : p.step, toStep = a.vertical ? p.pitch : 1;
  const int32_t fromShift = a.vertical ? 0 : p.shift, toShift = a.vertical ? p.shift : 0;
  const auto value = [&](int32_t i) {
    return static_cast<uint32_t>(from[clampIndex(i, length) * fromStep] >> fromShift);
  };
  uint32_t sum = 0;
  for (int32_t i = begin - radius; i <= begin + radius; i++) sum += value(i);
  for (int32_t i = begin; i < end; i++) {
    to[i * toStep] = static_cast<Sample>((sum + window / 2) / window << toShift);
    sum += value(i + radius + 1);
    sum -= value(i - radius);
  }
}
HD void blur(const BlurArgs& a, int32_t run, int32_t line, int32_t plane) {
  blurOn<uint8_t>(a, run, line, plane);
}
HD void blurDeep(const DeepBlurArgs& a, int32_t run, int32_t line, int32_t plane) {
  blurOn<uint16_t>(a.args, run, line, plane);
}

}  // namespace framepath
