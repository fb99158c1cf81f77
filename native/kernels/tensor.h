// Where a kernel writes a picture for a model, and how pixel values become tensor values.
#pragma once
#include "kernels/math.h"

namespace framepath {

// One picture of a batch: `data` points at its slot. Rows are dense: width (x channels in NHWC) elements.
struct TensorSlot {
  void* data;
  ElementType type;  // integers are rounded, and clamped to what fits
  TensorLayout layout;
  int32_t width;
  int32_t height;
};

// out = (pixel - mean) * scale with pixel in 0..255, per output channel; `pad` is the pixel outside the picture.
struct Normalize {
  float mean[3];
  float scale[3];
  float pad;
  bool bgr;          // output channels in the order B, G, R (mean and scale are in output order)
  int32_t channels;  // 3, or 1: luma
};

HD size_t elementBytes(ElementType type) {
  switch (type) {
    case ElementType::uint8: return 1;
    case ElementType::float16: return 2;
    case ElementType::int64: return 8;
    case ElementType::float32:
    case ElementType::int32: break;
  }
  return 4;
}

// To the nearest, halves away from zero; the bounds are the outermost floats that fit.
HD int32_t wholeFrom(float value) {
  const float bounded = clampTo(value, -2147483520.0f, 2147483520.0f);
  return static_cast<int32_t>(bounded + (bounded < 0.0f ? -0.5f : 0.5f));
}

HD void putElement(float& to, float value) {
  to = value;
}
HD void putElement(uint16_t& to, float value) {
  to = halfFromFloat(value);
}
HD void putElement(uint8_t& to, float value) {
  to = static_cast<uint8_t>(clampTo(value, 0.0f, 255.0f) + 0.5f);
}
HD void putElement(int32_t& to, float value) {
  to = wholeFrom(value);
}
HD void putElement(int64_t& to, float value) {
  to = wholeFrom(value);
}

HD void storeElement(void* data, ElementType type, size_t index, float value) {
  switch (type) {
    case ElementType::float16: putElement(static_cast<uint16_t*>(data)[index], value); break;
    case ElementType::uint8: putElement(static_cast<uint8_t*>(data)[index], value); break;
    case ElementType::int32: putElement(static_cast<int32_t*>(data)[index], value); break;
    case ElementType::int64: putElement(static_cast<int64_t*>(data)[index], value); break;
    case ElementType::float32: putElement(static_cast<float*>(data)[index], value); break;
  }
}

// `pixel` is R, G, B, or luma alone when normalize.channels is 1.
HD void storePixel(const TensorSlot& slot, const Normalize& normalize, int32_t x, int32_t y, const float pixel[3]) {
  const size_t at = static_cast<size_t>(y) * slot.width + x;
  const size_t plane = static_cast<size_t>(slot.width) * slot.height;
  for (int32_t c = 0; c < normalize.channels; c++) {
    const float value = pixel[normalize.bgr && normalize.channels == 3 ? 2 - c : c];
    const size_t index = slot.layout == TensorLayout::nchw ? c * plane + at : at * normalize.channels + c;
    storeElement(slot.data, slot.type, index, (value - normalize.mean[c]) * normalize.scale[c]);
  }
}

}  // namespace framepath
