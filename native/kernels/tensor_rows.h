// storePixel() for a row at a time.
#pragma once
#include "kernels/tensor.h"

namespace framepath {
namespace {

template <typename T>
inline void storeValues(T* to, int32_t step, const float* pixels, int32_t count, float mean, float scale) {
  if (step == 1) {
    for (int32_t i = 0; i < count; i++) putElement(to[i], (pixels[i] - mean) * scale);
  } else {
    for (int32_t i = 0; i < count; i++) putElement(to[i * step], (pixels[i] - mean) * scale);
  }
}

// storePixel for `count` pixels from (x, y) on.
inline void storePixels(const TensorSlot& slot, const Normalize& n, int32_t x, int32_t y, int32_t count,
                        const float* const rows[3]) {
  const size_t at = static_cast<size_t>(y) * slot.width + x;
  const size_t plane = static_cast<size_t>(slot.width) * slot.height;
  const bool planar = slot.layout == TensorLayout::nchw;
  const int32_t step = planar ? 1 : n.channels;
  for (int32_t c = 0; c < n.channels; c++) {
    const float* pixels = rows[n.bgr && n.channels == 3 ? 2 - c : c];
    const size_t index = planar ? c * plane + at : at * n.channels + c;
    const auto store = [&](auto* to) { storeValues(to + index, step, pixels, count, n.mean[c], n.scale[c]); };
    switch (slot.type) {
      case ElementType::float16: store(static_cast<uint16_t*>(slot.data)); break;
      case ElementType::uint8: store(static_cast<uint8_t*>(slot.data)); break;
      case ElementType::int32: store(static_cast<int32_t*>(slot.data)); break;
      case ElementType::int64: store(static_cast<int64_t*>(slot.data)); break;
      case ElementType::float32: store(static_cast<float*>(slot.data)); break;
    }
  }
}

}  // namespace
}  // namespace framepath
