// How boxes lie over one another.
#pragma once
#include <algorithm>

#include "core/results.h"

namespace framepath::track {

inline float intersectionArea(const Box& a, const Box& b) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  return width > 0 && height > 0 ? width * height : 0;
}

// IoU of boxes as inclusive pixel ranges (cython_bbox, what ByteTrack was published with).
inline float inclusiveOverlap(const Box& a, const Box& b) {
  const double width = std::min<double>(a.x2, b.x2) - std::max<double>(a.x1, b.x1) + 1;
  const double height = std::min<double>(a.y2, b.y2) - std::max<double>(a.y1, b.y1) + 1;
  if (width <= 0 || height <= 0) return 0;
  const double both = width * height;
  const double areaA = (a.width() + 1.0) * (a.height() + 1.0), areaB = (b.width() + 1.0) * (b.height() + 1.0);
  return static_cast<float>(both / (areaA + areaB - both));
}

// The box grown by `margin` of its own size on every side.
inline Box grown(const Box& box, float margin) {
  const float dx = box.width() * margin, dy = box.height() * margin;
  return {box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy};
}

}  // namespace framepath::track
