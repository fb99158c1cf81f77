// Boxes of an 8-bit 4:2:0 canvas made unrecognisable in place. One box a launch: boxes may overlap, and then the
// order of launches is the order of effects.
#pragma once
#include "kernels/compose.h"

namespace framepath {

// A box of a canvas as planes: plane 0 luma, 1 U, 2 V (of NV12 with a step of 2 bytes).
struct RedactPlane {
  uint8_t* data;
  int32_t pitchBytes, step;
  int32_t width, height;
};

HD RedactPlane redactPlane(const ImageView& canvas, int32_t x, int32_t y, int32_t width, int32_t height,
                           int32_t plane) {
  if (plane == 0) return {canvasSample(canvas, x / 2, y / 2, 0), canvas.planes[0].pitchBytes, 1, width, height};
  const bool pairs = canvas.format.layout == PixelLayout::semiPlanarYuv;
  return {canvasSample(canvas, x / 2, y / 2, plane + 3), canvas.planes[pairs ? 1 : plane].pitchBytes, pairs ? 2 : 1,
          width / 2, height / 2};
}

// Every block becomes its mean. Grid: (ceil(width / block), ceil(height / block), 3 planes).
struct PixelateArgs {
  ImageView canvas;
  int32_t x, y, width, height;  // even, inside the canvas
  int32_t block;                // luma pixels, even
};

HD void pixelate(const PixelateArgs& a, int32_t bx, int32_t by, int32_t plane) {
  const RedactPlane p = redactPlane(a.canvas, a.x, a.y, a.width, a.height, plane);
  const int32_t block = plane == 0 ? a.block : a.block / 2;
  const int32_t x1 = bx * block, y1 = by * block;
  const int32_t x2 = x1 + block < p.width ? x1 + block : p.width, y2 = y1 + block < p.height ? y1 + block : p.height;
  if (x1 >= x2 || y1 >= y2) return;
  uint64_t sum = 0;
  for (int32_t y = y1; y < y2; y++)
    for (int32_t x = x1; x < x2; x++) sum += p.data[static_cast<size_t>(y) * p.pitchBytes + x * p.step];
  const uint64_t n = static_cast<uint64_t>(x2 - x1) * (y2 - y1);
  const uint8_t mean = static_cast<uint8_t>((sum + n / 2) / n);
  for (int32_t y = y1; y < y2; y++)
    for (int32_t x = x1; x < x2; x++) p.data[static_cast<size_t>(y) * p.pitchBytes + x * p.step] = mean;
}

inline constexpr int32_t kBlurRun = 32;  // samples one thread slides over

// One pass of a box blur along one axis between the canvas and a scratch block; three passes along each axis come
// close to a Gaussian of standard deviation `radius`. Samples outside the box repeat its edge.
// Grid: (ceil(longest line / kBlurRun), lines, 3 planes).
struct BlurArgs {
  ImageView canvas;
  int32_t x, y, width, height;  // even, inside the canvas
  int32_t radius;               // luma pixels, >= 2
  uint8_t* scratch;             // width * height * 3 / 2 bytes
  bool vertical;                // false: canvas -> scratch along rows; true: scratch -> canvas along columns
};

HD void blur(const BlurArgs& a, int32_t run, int32_t line, int32_t plane) {
  const RedactPlane p = redactPlane(a.canvas, a.x, a.y, a.width, a.height, plane);
  const int32_t lines = a.vertical ? p.width : p.height, length = a.vertical ? p.height : p.width;
  const int32_t begin = run * kBlurRun, end = begin + kBlurRun < length ? begin + kBlurRun : length;
  if (line >= lines || begin >= end) return;
  uint8_t* scratch = a.scratch + (plane == 0 ? 0 : a.width * a.height + (plane - 1) * (a.width / 2) * (a.height / 2));
  const int32_t radius = plane == 0 ? a.radius : a.radius / 2, window = 2 * radius + 1;
  const uint8_t* from = a.vertical ? scratch + line : p.data + static_cast<size_t>(line) * p.pitchBytes;
  uint8_t* to = a.vertical ? p.data + line * p.step : scratch + static_cast<size_t>(line) * p.width;
  const size_t fromStep = a.vertical ? p.width : p.step, toStep = a.vertical ? p.pitchBytes : 1;
  uint32_t sum = 0;
  for (int32_t i = begin - radius; i <= begin + radius; i++) sum += from[clampIndex(i, length) * fromStep];
  for (int32_t i = begin; i < end; i++) {
    to[i * toStep] = static_cast<uint8_t>((sum + window / 2) / window);
    sum += from[clampIndex(i + radius + 1, length) * fromStep];
    sum -= from[clampIndex(i - radius, length) * fromStep];
  }
}

}  // namespace framepath
