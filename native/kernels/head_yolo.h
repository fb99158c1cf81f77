// YOLOv8 and v11 (output [N,4+C(+extras),cells]: a column a cell, class probabilities without objectness), YOLOv5
// (output [N,anchors,5+C]: a row an anchor, objectness x class) and models that end in their own selection (v10, 26:
// rows of x1, y1, x2, y2 in input pixels, score, class). Other boxes are centre and size in input pixels. What follows
// the classes, or in 26 the class: mask coefficients of a segmentation model (masks.h reads them), or keypoints x, y(,
// visibility) of a pose model, in input pixels (ultralytics/nn/modules/head.py: Segment, Pose).
#pragma once
#include "kernels/head.h"

namespace framepath {

HD AnchorScore yoloColumnsScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const int64_t first = static_cast<int64_t>(4) * a.anchors + anchor;
  const AnchorScore best = bestClass(a.grids[0].boxes, item, first, a.classes, a.anchors);
  return best.score >= a.threshold ? best : nothingThere();
}

HD void yoloColumnsBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  const HeadTensor& v = a.grids[0].boxes;
  const int64_t n = a.anchors;
  boxAround(valueAt(v, item, anchor), valueAt(v, item, n + anchor), valueAt(v, item, 2 * n + anchor),
            valueAt(v, item, 3 * n + anchor), box);
  for (int32_t k = 0; k < a.keypoints; k++) {
    const int64_t row = 4 + a.classes + k * a.pointValues;
    points[2 * k] = valueAt(v, item, row * n + anchor);
    points[2 * k + 1] = valueAt(v, item, (row + 1) * n + anchor);
    if (a.pointValues > 2) points[2 * a.keypoints + k] = valueAt(v, item, (row + 2) * n + anchor);
  }
}

// Rows of box, objectness, class scores: also YOLOX's.
HD AnchorScore yoloRowsScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const HeadTensor& v = a.grids[0].boxes;
  const int64_t row = static_cast<int64_t>(anchor) * a.rowValues;
  const float objectness = valueAt(v, item, row + 4);
  if (!(objectness >= a.threshold)) return nothingThere();  // class scores are at most 1
  AnchorScore best = bestClass(v, item, row + 5, a.classes, 1);
  best.score = objectness * best.score;
  return best.score >= a.threshold ? best : nothingThere();
}

HD void yoloRowsBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box) {
  const HeadTensor& v = a.grids[0].boxes;
  const int64_t row = static_cast<int64_t>(anchor) * a.rowValues;
  boxAround(valueAt(v, item, row), valueAt(v, item, row + 1), valueAt(v, item, row + 2), valueAt(v, item, row + 3),
            box);
}

inline constexpr int32_t kYoloEnd2endValues = 6;  // of a row, before what a segmentation or pose model adds

HD AnchorScore yoloEnd2endScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const int64_t row = static_cast<int64_t>(anchor) * a.rowValues;
  const float score = valueAt(a.grids[0].boxes, item, row + 4), classId = valueAt(a.grids[0].boxes, item, row + 5);
  const bool there = score >= a.threshold && classId >= 0 && classId < 1e6f;
  return there ? AnchorScore{score, static_cast<int32_t>(classId)} : nothingThere();
}

HD void yoloEnd2endBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  const HeadTensor& v = a.grids[0].boxes;
  const int64_t row = static_cast<int64_t>(anchor) * a.rowValues;
  for (int32_t i = 0; i < 4; i++) box[i] = valueAt(v, item, row + i);
  for (int32_t k = 0; k < a.keypoints; k++) {
    const int64_t at = row + kYoloEnd2endValues + k * a.pointValues;
    points[2 * k] = valueAt(v, item, at);
    points[2 * k + 1] = valueAt(v, item, at + 1);
    if (a.pointValues > 2) points[2 * a.keypoints + k] = valueAt(v, item, at + 2);
  }
}

}  // namespace framepath
