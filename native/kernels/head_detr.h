// RT-DETR (arXiv 2304.08069) and D-FINE (arXiv 2410.13842), which need no suppression, in the three forms they are
// exported in: logits and boxes of every query (transformers; the best `queries` pairs of query and class count, as in
// RTDETRPostProcessor), rows of box and class probabilities (Ultralytics; the best class of a query counts), or already
// selected labels, boxes and scores (lyuwenyu/RT-DETR, Peterande/D-FINE: tools/export_onnx.py). Boxes are centre and
// size in parts of the input; selected ones are x1, y1, x2, y2 in input pixels.
#pragma once
#include "kernels/head.h"

namespace framepath {

HD void detrBoxAround(const HeadArgs& a, const HeadTensor& v, int32_t item, int64_t at, float* box) {
  const auto width = static_cast<float>(a.width), height = static_cast<float>(a.height);
  boxAround(valueAt(v, item, at) * width, valueAt(v, item, at + 1) * height, valueAt(v, item, at + 2) * width,
            valueAt(v, item, at + 3) * height, box);
}

// An anchor is a query and a class.
HD AnchorScore detrLogitsScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const float score = sigmoid(valueAt(a.grids[0].scores, item, anchor));
  return score >= a.threshold ? AnchorScore{score, anchor % a.classes} : nothingThere();
}
HD void detrLogitsBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box) {
  detrBoxAround(a, a.grids[0].boxes, item, static_cast<int64_t>(anchor / a.classes) * 4, box);
}

HD AnchorScore detrRowsScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const int64_t row = static_cast<int64_t>(anchor) * a.rowValues;
  const AnchorScore best = bestClass(a.grids[0].boxes, item, row + 4, a.classes, 1);
  return best.score >= a.threshold ? best : nothingThere();
}
HD void detrRowsBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box) {
  detrBoxAround(a, a.grids[0].boxes, item, static_cast<int64_t>(anchor) * a.rowValues, box);
}

HD AnchorScore detrSelectedScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const float score = valueAt(a.grids[0].scores, item, anchor), label = valueAt(a.grids[0].labels, item, anchor);
  const bool there = score >= a.threshold && label >= 0 && label < 1e6f;
  return there ? AnchorScore{score, static_cast<int32_t>(label)} : nothingThere();
}
HD void detrSelectedBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box) {
  for (int32_t i = 0; i < 4; i++) box[i] = valueAt(a.grids[0].boxes, item, static_cast<int64_t>(anchor) * 4 + i);
}

}  // namespace framepath
