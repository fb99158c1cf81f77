// Masks on the CPU: a row of prototypes at a time; a column of the frame at a time, by bands between rows of cells.
#pragma once
#include "kernels/host_loop.h"
#include "kernels/masks.h"

namespace framepath {
namespace {

template <typename T>
inline void addPrototype(float* sums, const T* prototype, float coefficient, int32_t count) {
  for (int32_t i = 0; i < count; i++) sums[i] += coefficient * floatFrom(prototype[i]);
}

template <typename T>
inline void maskLogitRows(const MaskLogitsArgs& a, int32_t number) {
  const MaskItem& mask = a.masks[number];
  const int64_t cells = static_cast<int64_t>(a.rows) * a.columns;
  const int64_t coefficient = mask.anchor * a.anchorStep + a.first * a.valueStep;
  const T* prototypes = static_cast<const T*>(a.prototypes.data) + static_cast<int64_t>(a.item) * a.prototypes.perItem;
  const int32_t count = mask.right - mask.left + 1;
  for (int32_t row = mask.top; row <= mask.bottom; row++) {
    const int64_t at = static_cast<int64_t>(row) * a.columns + mask.left;
    float* sums = a.logits + number * cells + at;
    for (int32_t i = 0; i < count; i++) sums[i] = 0;
    for (int32_t c = 0; c < a.channels; c++)
      addPrototype(sums, prototypes + c * cells + at, valueAt(a.boxes, a.item, coefficient + c * a.valueStep), count);
  }
}

template <>
struct HostLoop<MaskLogitsArgs, maskLogits> {
  static void run(const void* opaque, const Grid& grid) {
    const MaskLogitsArgs& a = *static_cast<const MaskLogitsArgs*>(opaque);
    for (int32_t number = 0; number < grid.z; number++) {
      if (a.prototypes.type == ElementType::float32) {
        maskLogitRows<float>(a, number);
      } else if (a.prototypes.type == ElementType::float16) {
        maskLogitRows<uint16_t>(a, number);
      } else {
        for (int32_t row = 0; row < grid.y; row++)
          for (int32_t column = 0; column < grid.x; column++) maskLogits(a, column, row, number);
      }
    }
  }
};

// Rows of a frame's part between the same two cells: from `first` to the next one's.
struct MaskBand {
  int32_t first, low, high;
};
inline constexpr int32_t kMostMaskBands = 2048;

// Their number; 0: there are too many.
inline int32_t maskBands(const MaskBitsArgs& a, const MaskItem& mask, MaskBand* bands) {
  int32_t count = 0;
  for (int32_t i = 0; i < mask.rows; i++) {
    const MaskTap tap = maskTap(mask.y + i, a.scaleY, a.offsetY, a.rows);
    if (count > 0 && bands[count - 1].low == tap.low) continue;
    if (count == kMostMaskBands) return 0;
    bands[count++] = {i, tap.low, tap.high};
  }
  return count;
}

inline void setBits(uint32_t* words, int32_t from, int32_t to) {
  for (int32_t word = from / 32; word * 32 < to; word++) {
    const int32_t first = maxOf(from - 32 * word, 0), end = minOf(to - 32 * word, 32);
    words[word] |= (end < 32 ? (1u << end) - 1 : 0xffffffffu) & ~((1u << first) - 1);
  }
}

// Between two cells that are both inside, or both outside, so is everything.
inline void maskColumn(const MaskBitsArgs& a, const MaskItem& mask, const float* logits, const MaskBand* bands,
                       int32_t bandCount, int32_t column) {
  constexpr float kLargest = 3.4028234e38f;
  const MaskTap x = maskTap(mask.x + column, a.scaleX, a.offsetX, a.columns);
  const auto profile = [&](int32_t row) {
    const float* cells = logits + static_cast<int64_t>(row) * a.columns;
    return between(cells[x.low], cells[x.high], x.part);
  };
  uint32_t* words = a.bits + mask.bits + static_cast<int64_t>(column) * maskColumnWords(mask);
  for (int32_t w = 0; w < maskColumnWords(mask); w++) words[w] = 0;
  for (int32_t b = 0; b < bandCount; b++) {
    const int32_t from = bands[b].first, to = b + 1 < bandCount ? bands[b + 1].first : mask.rows;
    const float low = profile(bands[b].low), high = profile(bands[b].high);
    if (low <= 0 && high <= 0) continue;
    if (low > 0 && high > 0 && low <= kLargest && high <= kLargest) {
      setBits(words, from, to);
      continue;
    }
    for (int32_t i = from; i < to; i++) {
      const float part = maskTap(mask.y + i, a.scaleY, a.offsetY, a.rows).part;
      if (between(low, high, part) > 0) words[i / 32] |= 1u << (i % 32);
    }
  }
}

template <>
struct HostLoop<MaskBitsArgs, maskBits> {
  static void run(const void* opaque, const Grid& grid) {
    const MaskBitsArgs& a = *static_cast<const MaskBitsArgs*>(opaque);
    for (int32_t number = 0; number < grid.z; number++) {
      const MaskItem& mask = a.masks[number];
      MaskBand bands[kMostMaskBands];
      const int32_t bandCount = maskBands(a, mask, bands);
      const float* logits = a.logits + static_cast<int64_t>(number) * a.rows * a.columns;
      for (int32_t column = 0; column < mask.columns; column++) {
        if (bandCount > 0) {
          maskColumn(a, mask, logits, bands, bandCount, column);
        } else {
          for (int32_t word = 0; word < maskColumnWords(mask); word++) maskBits(a, word, column, number);
        }
      }
    }
  }
};

}  // namespace
}  // namespace framepath
