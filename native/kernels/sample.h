// One colour component of a picture, whatever its layout and depth.
#pragma once
#include "kernels/math.h"

namespace framepath {

struct Channel {
  const uint8_t* data;
  int32_t pitchBytes;
  int32_t stepBytes;  // from one sample to its right neighbour
  int32_t width;      // samples
  int32_t height;
  int32_t shiftX;  // log2 of the subsampling against plane 0
  int32_t shiftY;
  int32_t dropBits;  // of a sample in memory, to its value (P010: 6)
  bool wide;         // 2 bytes a sample
};

HD int32_t channelCount(const PixelFormat& format) {
  return format.layout == PixelLayout::gray ? 1 : 3;
}

// `index`: Y, U, V or R, G, B.
HD Channel channelOf(const ImageView& view, int32_t index) {
  const PixelFormat& f = view.format;
  Channel c;
  c.wide = f.depth > 8;
  const int32_t bytes = c.wide ? 2 : 1;
  c.dropBits = f.msbAligned ? 16 - f.depth : 0;
  const bool chroma = index > 0 && (f.layout == PixelLayout::planarYuv || f.layout == PixelLayout::semiPlanarYuv);
  c.shiftX = chroma ? f.chromaShiftX : 0;
  c.shiftY = chroma ? f.chromaShiftY : 0;
  c.width = (view.width + (1 << c.shiftX) - 1) >> c.shiftX;
  c.height = (view.height + (1 << c.shiftY) - 1) >> c.shiftY;
  int32_t plane = 0, offset = 0;
  c.stepBytes = bytes;
  if (f.layout == PixelLayout::planarYuv) {
    plane = index;
  } else if (f.layout == PixelLayout::semiPlanarYuv && chroma) {
    plane = 1;
    offset = index - 1;
    c.stepBytes = 2 * bytes;
  } else if (f.layout == PixelLayout::rgb) {
    offset = f.bgr ? 2 - index : index;
    c.stepBytes = f.components * bytes;
  }
  c.data = view.planes[plane].data + offset * bytes;
  c.pitchBytes = view.planes[plane].pitchBytes;
  return c;
}

// Edges repeat outside the picture.
HD const uint8_t* rowOf(const Channel& c, int32_t y) {
  return c.data + static_cast<int64_t>(clampTo(y, 0, c.height - 1)) * c.pitchBytes;
}
HD int32_t offsetOf(const Channel& c, int32_t x) {
  return clampTo(x, 0, c.width - 1) * c.stepBytes;
}
HD uint32_t sampleIn(const Channel& c, const uint8_t* row, int32_t offset) {
  const uint8_t* at = row + offset;
  if (!c.wide) return *at;
  return (static_cast<uint32_t>(at[0]) | static_cast<uint32_t>(at[1]) << 8) >> c.dropBits;
}
HD uint32_t sampleAt(const Channel& c, int32_t x, int32_t y) {
  return sampleIn(c, rowOf(c, y), offsetOf(c, x));
}

}  // namespace framepath
