// scoreAnchors on the CPU, a run of anchors at a time where that is faster.
#pragma once
#include "kernels/heads.h"
#include "kernels/host_loop.h"

namespace framepath {
namespace {

inline constexpr int32_t kAnchorStrip = 256;

// yoloColumnsScore: every class is a row, so the best of neighbouring anchors are found together.
template <typename T>
inline void scoreColumns(const ScoreAnchorsArgs& a, int32_t item) {
  const HeadArgs& head = a.head;
  const HeadTensor& tensor = head.grids[0].boxes;
  const T* rows = static_cast<const T*>(tensor.data) + static_cast<int64_t>(item) * tensor.perItem +
                  static_cast<int64_t>(4) * head.anchors;
  float* scores = a.scores + static_cast<int64_t>(item) * head.anchors;
  int32_t* classes = a.classes + static_cast<int64_t>(item) * head.anchors;
  alignas(64) float best[kAnchorStrip];
  alignas(64) int32_t which[kAnchorStrip];
  for (int32_t from = 0; from < head.anchors; from += kAnchorStrip) {
    const int32_t count = minOf(kAnchorStrip, head.anchors - from);
    for (int32_t i = 0; i < count; i++) {
      best[i] = floatFrom(rows[from + i]);
      which[i] = 0;
    }
    for (int32_t c = 1; c < head.classes; c++) {
      const T* row = rows + static_cast<int64_t>(c) * head.anchors + from;
      for (int32_t i = 0; i < count; i++) {
        const float value = floatFrom(row[i]);
        const bool better = value > best[i];
        which[i] = better ? c : which[i];
        best[i] = better ? value : best[i];
      }
    }
    for (int32_t i = 0; i < count; i++) {
      scores[from + i] = best[i] >= head.threshold ? best[i] : nothingThere().score;
      if (isThere(scores[from + i])) classes[from + i] = which[i];
    }
  }
}

template <>
struct HostLoop<ScoreAnchorsArgs, scoreAnchors> {
  static void run(const void* opaque, const Grid& grid) {
    const ScoreAnchorsArgs& a = *static_cast<const ScoreAnchorsArgs*>(opaque);
    const ElementType type = a.head.grids[0].boxes.type;
    const bool columns = a.head.layout == HeadLayout::yoloColumns;
    for (int32_t item = 0; item < grid.z; item++) {
      if (a.counts) a.counts[item] = 0;
      if (columns && type == ElementType::float32) {
        scoreColumns<float>(a, item);
      } else if (columns && type == ElementType::float16) {
        scoreColumns<uint16_t>(a, item);
      } else {
        for (int32_t anchor = 0; anchor < grid.x; anchor++) scoreAnchors(a, anchor, 0, item);
      }
    }
  }
};

}  // namespace
}  // namespace framepath
