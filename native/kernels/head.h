// What a detection model's outputs hold, and where. The heads read one anchor (a place where a box may be) at a time:
// head_NAME.h, chosen by heads.h.
#pragma once
#include "kernels/math.h"

namespace framepath {

// One output, `perItem` values for every picture of the batch.
struct HeadTensor {
  const void* data;
  ElementType type;
  int32_t perItem;
};

template <typename T>
HD float floatFrom(T value) {
  return static_cast<float>(value);
}
HD float floatFrom(uint16_t half) {
  return floatFromHalf(half);
}

// Value `at` of a picture's part.
HD float valueAt(const HeadTensor& tensor, int32_t item, int64_t at) {
  at += static_cast<int64_t>(item) * tensor.perItem;
  switch (tensor.type) {
    case ElementType::float32: return static_cast<const float*>(tensor.data)[at];
    case ElementType::float16: return floatFrom(static_cast<const uint16_t*>(tensor.data)[at]);
    case ElementType::uint8: return floatFrom(static_cast<const uint8_t*>(tensor.data)[at]);
    case ElementType::int32: return floatFrom(static_cast<const int32_t*>(tensor.data)[at]);
    case ElementType::int64: return floatFrom(static_cast<const int64_t*>(tensor.data)[at]);
  }
  return 0;
}

// Anchors of one resolution, row by row.
struct HeadGrid {
  int32_t first;  // number of its first anchor
  int32_t columns, rows;
  int32_t perCell;
  int32_t stride;                                           // input pixels a cell
  HeadTensor scores, objectness, boxes, keypoints, labels;  // those the head has
};

enum class HeadLayout : uint8_t {
  blazeface,
  yunet,
  yoloColumns,
  yoloRows,
  yoloEnd2end,
  yolox,
  ultraface,
  scrfd,
  retinaface,
  nanodet,
  detrLogits,
  detrRows,
  detrSelected,
  movenetSingle,
  movenetMulti
};

inline constexpr int32_t kMaxHeadGrids = 4;

struct HeadArgs {
  HeadLayout layout;
  int32_t anchors;  // of all grids
  int32_t gridCount;
  HeadGrid grids[kMaxHeadGrids];
  int32_t width, height;  // of the model's input
  int32_t classes;
  int32_t keypoints;    // of one box
  int32_t pointValues;  // values of one keypoint in the output: x, y, and from three on a score
  int32_t rowValues;    // values of one row, where anchors are rows of one output
  int32_t bins;         // NanoDet: of the distribution of a distance
  float cellCentre;     // NanoDet: where in its cell an anchor sits
  float threshold;
};

// What comes with a box: the keypoints' x, y, then their scores where the model gives them.
HD int32_t extraValues(const HeadArgs& a) {
  return a.keypoints * (a.pointValues > 2 ? 3 : 2);
}

// The output of an anchor. A score that is not a number: nothing is there.
struct AnchorScore {
  float score;
  int32_t classId;
};
HD AnchorScore nothingThere() {
  return {floatOf(0x7fc00000u), 0};
}
HD bool isThere(float score) {
  return score == score;
}

// x1, y1, x2, y2 in input pixels.
HD void boxAround(float x, float y, float width, float height, float box[4]) {
  box[0] = x - width / 2;
  box[1] = y - height / 2;
  box[2] = x + width / 2;
  box[3] = y + height / 2;
}

// The number of its grid: a pointer to it would make a GPU copy the arguments into every thread's memory.
HD int32_t gridOf(const HeadArgs& a, int32_t anchor) {
  int32_t g = 0;
  while (g + 1 < a.gridCount && anchor >= a.grids[g + 1].first) g++;
  return g;
}

template <typename T>
HD AnchorScore bestOf(const T* values, int32_t count, int64_t step) {
  AnchorScore best = {floatFrom(values[0]), 0};
  for (int32_t c = 1; c < count; c++) {
    const float value = floatFrom(values[c * step]);
    if (value > best.score) best = {value, c};
  }
  return best;
}

// The best of `count` values `step` apart from `at` on, the first of equals.
HD AnchorScore bestClass(const HeadTensor& tensor, int32_t item, int64_t at, int32_t count, int64_t step) {
  at += static_cast<int64_t>(item) * tensor.perItem;
  switch (tensor.type) {
    case ElementType::float32: return bestOf(static_cast<const float*>(tensor.data) + at, count, step);
    case ElementType::float16: return bestOf(static_cast<const uint16_t*>(tensor.data) + at, count, step);
    case ElementType::uint8: return bestOf(static_cast<const uint8_t*>(tensor.data) + at, count, step);
    case ElementType::int32: return bestOf(static_cast<const int32_t*>(tensor.data) + at, count, step);
    case ElementType::int64: return bestOf(static_cast<const int64_t*>(tensor.data) + at, count, step);
  }
  return nothingThere();
}

}  // namespace framepath
