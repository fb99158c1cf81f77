// Masks of a segmentation model (YOLACT, arXiv 1904.02689; ultralytics/utils/ops.py, process_mask_native): a mask's
// logits are its coefficients times the prototypes; enlarged to the frame, bilinear between the centres of cells, what
// is above 0 inside the box is the object. Columns become bits, first row in bit 0, as COCO's run lengths go down
// columns.
//
//   maskLogits > maskBits
#pragma once
#include "kernels/head.h"

namespace framepath {

// Masks of one launch.
inline constexpr int32_t kMostMasks = 8;

struct MaskItem {
  int32_t anchor;
  int32_t x, y, columns, rows;       // its part of the frame, pixels
  int32_t left, top, right, bottom;  // the prototypes' cells that part needs, inclusive
  int32_t bits;                      // where its words begin
};

HD int32_t maskColumnWords(const MaskItem& mask) {
  return (mask.rows + 31) / 32;
}

// Grid: (columns, rows, masks) of the prototypes.
struct MaskLogitsArgs {
  HeadTensor boxes;       // the output with the coefficients
  int64_t anchorStep;     // from an anchor's first value to the next anchor's
  int64_t valueStep;      // from one value of an anchor to the next
  HeadTensor prototypes;  // channels x rows x columns
  int32_t first;          // coefficient of the first channel
  int32_t channels, rows, columns;
  int32_t item;
  MaskItem masks[kMostMasks];
  float* logits;  // masks x rows x columns
};

HD void maskLogits(const MaskLogitsArgs& a, int32_t column, int32_t row, int32_t number) {
  const MaskItem& mask = a.masks[number];
  if (column < mask.left || column > mask.right || row < mask.top || row > mask.bottom) return;
  const int64_t cells = static_cast<int64_t>(a.rows) * a.columns, cell = static_cast<int64_t>(row) * a.columns + column;
  const int64_t coefficient = mask.anchor * a.anchorStep + a.first * a.valueStep;
  float sum = 0;
  for (int32_t c = 0; c < a.channels; c++)
    sum += valueAt(a.boxes, a.item, coefficient + c * a.valueStep) * valueAt(a.prototypes, a.item, c * cells + cell);
  a.logits[number * cells + cell] = sum;
}

// Grid: (most words of a column, most columns, masks).
struct MaskBitsArgs {
  MaskItem masks[kMostMasks];
  const float* logits;
  int32_t rows, columns;                   // of the prototypes
  float scaleX, offsetX, scaleY, offsetY;  // cell = frame pixel * scale + offset
  uint32_t* bits;
};

// Between which two cells a pixel lies, and where between them.
struct MaskTap {
  int32_t low, high;
  float part;
};
HD MaskTap maskTap(int32_t pixel, float scale, float offset, int32_t cells) {
  const float at = clampTo(static_cast<float>(pixel) * scale + offset, 0.0f, static_cast<float>(cells - 1));
  const auto low = static_cast<int32_t>(at);
  return {low, minOf(low + 1, cells - 1), at - static_cast<float>(low)};
}

HD float between(float low, float high, float part) {
  return low + (high - low) * part;
}

HD void maskBits(const MaskBitsArgs& a, int32_t word, int32_t column, int32_t number) {
  const MaskItem& mask = a.masks[number];
  const int32_t words = maskColumnWords(mask);
  if (word >= words || column >= mask.columns) return;
  const float* logits = a.logits + static_cast<int64_t>(number) * a.rows * a.columns;
  const MaskTap x = maskTap(mask.x + column, a.scaleX, a.offsetX, a.columns);
  uint32_t bits = 0;
  const int32_t count = minOf(32, mask.rows - 32 * word);
  for (int32_t i = 0; i < count; i++) {
    const MaskTap y = maskTap(mask.y + 32 * word + i, a.scaleY, a.offsetY, a.rows);
    const float* low = logits + static_cast<int64_t>(y.low) * a.columns;
    const float* high = logits + static_cast<int64_t>(y.high) * a.columns;
    const float value =
        between(between(low[x.low], low[x.high], x.part), between(high[x.low], high[x.high], x.part), y.part);
    bits |= (value > 0 ? 1u : 0u) << i;
  }
  a.bits[mask.bits + static_cast<int64_t>(column) * words + word] = bits;
}

}  // namespace framepath
