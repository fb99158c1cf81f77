// Many boxes of many pictures into one batch, each through its own affine map (a box, or an alignment by similarity).
#pragma once
#include "kernels/color.h"
#include "kernels/sample.h"
#include "kernels/tensor.h"

namespace framepath {

inline constexpr int32_t kMaxCrops = 8;

// Positions are continuous: pixel i covers [i, i + 1). The centre of slot pixel (x, y) is (x + 0.5, y + 0.5), and
//   source x * 65536 = t[0] * x + t[1] * y + t[2],  source y * 65536 = t[3] * x + t[4] * y + t[5]
// (stored pixels of plane 0). `supersample` squared samples are averaged for one slot pixel: choose it so that
// neighbouring samples are at most about a source pixel apart.
struct CropItem {
  ImageView source;
  int32_t transform[6];
  int32_t supersample;  // 1..4
};

// Grid: (width, height, count). Slots follow one another in `data`. Samples outside the picture read as pad.
struct CropsArgs {
  CropItem items[kMaxCrops];
  int32_t count;
  void* data;
  ElementType type;
  TensorLayout layout;
  int32_t width, height;
  Normalize normalize;
};

HD int64_t floorDivide(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

HD TensorSlot cropSlot(const CropsArgs& a, int32_t z) {
  const int64_t slotBytes = static_cast<int64_t>(elementBytes(a.type)) * a.width * a.height * a.normalize.channels;
  return {static_cast<uint8_t*>(a.data) + z * slotBytes, a.type, a.layout, a.width, a.height};
}

// Bilinear at a position in 1/65536 pixels of plane 0: 24 bits, the sample value times 65536 (8 bit) or 256 (deeper).
HD uint32_t bilinearAt(const Channel& c, int64_t x, int64_t y) {
  const int64_t fromX = (x >> c.shiftX) - 32768, fromY = (y >> c.shiftY) - 32768;
  const int32_t left = static_cast<int32_t>(fromX >> 16), top = static_cast<int32_t>(fromY >> 16);
  const uint32_t fx = static_cast<uint32_t>(fromX >> 8) & 255u, fy = static_cast<uint32_t>(fromY >> 8) & 255u;
  const uint32_t upper = sampleAt(c, left, top) * (256u - fx) + sampleAt(c, left + 1, top) * fx;
  const uint32_t lower = sampleAt(c, left, top + 1) * (256u - fx) + sampleAt(c, left + 1, top + 1) * fx;
  const uint32_t sum = upper * (256u - fy) + lower * fy;
  return c.wide ? sum >> 8 : sum;
}

HD void crops(const CropsArgs& a, int32_t x, int32_t y, int32_t z) {
  const CropItem& item = a.items[z];
  const int32_t* t = item.transform;
  const int32_t n = item.supersample;
  const PixelReader reader = pixelReader(item.source);
  const int32_t channels = lumaIsEnough(reader, a.normalize.channels) ? 1 : 3;
  const int64_t baseX = static_cast<int64_t>(t[0]) * x + static_cast<int64_t>(t[1]) * y + t[2];
  const int64_t baseY = static_cast<int64_t>(t[3]) * x + static_cast<int64_t>(t[4]) * y + t[5];
  const int64_t endX = static_cast<int64_t>(item.source.width) << 16;
  const int64_t endY = static_cast<int64_t>(item.source.height) << 16;
  uint32_t sums[3] = {0, 0, 0};
  int32_t inside = 0;
  for (int32_t j = 0; j < n; j++) {
    for (int32_t i = 0; i < n; i++) {
      const int64_t dx = 2 * i + 1, dy = 2 * j + 1;
      const int64_t atX = baseX + floorDivide(t[0] * dx + t[1] * dy, 2 * n);
      const int64_t atY = baseY + floorDivide(t[3] * dx + t[4] * dy, 2 * n);
      if (atX < 0 || atX >= endX || atY < 0 || atY >= endY) continue;
      inside++;
      for (int32_t c = 0; c < channels; c++) sums[c] += bilinearAt(channelOf(item.source, c), atX, atY);
    }
  }
  const float pad = a.normalize.pad;
  float pixel[3] = {pad, pad, pad};
  if (inside > 0) {
    const float whole = static_cast<float>(inside) * (item.source.format.depth > 8 ? 256.0f : 65536.0f);
    float samples[3];
    for (int32_t c = 0; c < 3; c++) samples[c] = static_cast<float>(static_cast<int32_t>(sums[c])) / whole;
    readPixel(reader, a.normalize.channels, samples, pixel);
    const float share = static_cast<float>(inside) / static_cast<float>(n * n);
    for (float& value : pixel) value = clampPixel(value) * share + pad * (1.0f - share);
  }
  storePixel(cropSlot(a, z), a.normalize, x, y, pixel);
}

}  // namespace framepath
