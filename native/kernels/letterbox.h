// Any rectangle of a picture into one slot of a batch tensor: resize, colour, pad, channel order, mean and scale in
// one pass.
#pragma once
#include "kernels/color.h"
#include "kernels/resize.h"
#include "kernels/tensor.h"

namespace framepath {

// Grid: (slot.width, slot.height, 1). The source rectangle may reach outside the picture: its edge repeats there.
struct LetterboxArgs {
  ImageView source;
  int32_t x256, y256, width256, height256;  // in 1/256 stored pixels; width and height > 0
  int32_t toX, toY, toWidth, toHeight;      // where it lands in the slot; outside is pad
  TensorSlot slot;
  Normalize normalize;
};

HD Axis letterboxAxisX(const LetterboxArgs& a, const Channel& c) {
  return {a.x256, a.width256, a.toWidth, 0, c.shiftX, c.width};
}
HD Axis letterboxAxisY(const LetterboxArgs& a, const Channel& c) {
  return {a.y256, a.height256, a.toHeight, 0, c.shiftY, c.height};
}

HD void letterbox(const LetterboxArgs& a, int32_t x, int32_t y, int32_t) {
  const int32_t outX = x - a.toX, outY = y - a.toY;
  float pixel[3] = {a.normalize.pad, a.normalize.pad, a.normalize.pad};
  if (outX >= 0 && outX < a.toWidth && outY >= 0 && outY < a.toHeight) {
    const PixelReader reader = pixelReader(a.source);
    const int32_t channels = lumaIsEnough(reader, a.normalize.channels) ? 1 : 3;
    float samples[3] = {0, 0, 0};
    for (int32_t i = 0; i < channels; i++) {
      const Channel c = channelOf(a.source, i);
      samples[i] = resample(c, tapsOf(letterboxAxisX(a, c), outX), tapsOf(letterboxAxisY(a, c), outY));
    }
    readPixel(reader, a.normalize.channels, samples, pixel);
    for (float& value : pixel) value = clampPixel(value);
  }
  storePixel(a.slot, a.normalize, x, y, pixel);
}

}  // namespace framepath
