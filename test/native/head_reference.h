// Reference of the heads, as plain as possible: one anchor after the other, everything sorted, suppressed by two
// loops. Shares with the library only exp, sigmoid and the square root.
#pragma once
#include <algorithm>
#include <functional>
#include <numeric>

#include "infer_heads.h"

namespace support {

struct ReferenceBox {
  Box box;
  float score = 0;
  int32_t classId = 0;
  std::vector<float> points, pointScores;
};

class ReferenceHead {
 public:
  ReferenceHead(const infer::ModelSpec& spec, const Outputs& outputs) : spec_(spec), outputs_(outputs) {}

  Detections decode(int32_t item) {
    item_ = static_cast<size_t>(item);
    found_.clear();
    switch (spec_.head) {
      case infer::HeadKind::blazeface: blazeface(); break;
      case infer::HeadKind::yunet: yunet(); break;
      case infer::HeadKind::yolo: yolo(); break;
      case infer::HeadKind::yoloEnd2end: end2end(); break;
      case infer::HeadKind::yolox: yolox(); break;
      default: break;
    }
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    const bool all = spec_.head == infer::HeadKind::yoloEnd2end;
    if (!all && found_.size() > 5000) found_.resize(5000);
    if (spec_.head == infer::HeadKind::blazeface) {
      mergeGroups();
    } else if (!all) {
      dropHidden();
    }
    return packed();
  }

 private:
  // Row `row` of output `name`, as the model's type rounds it.
  std::function<float(int64_t)> values(size_t output) const {
    const auto& dims = outputs_.graph.outputs[output].dims;
    const size_t perItem = outputs_.values[output].size() / static_cast<size_t>(dims[0]);
    const float* from = outputs_.values[output].data() + item_ * perItem;
    const bool half = outputs_.type == ElementType::float16;
    return [from, half](int64_t at) { return half ? floatFromHalf(halfFromFloat(from[at])) : from[at]; };
  }
  size_t outputOf(int64_t rows, int64_t columns) const {
    for (size_t i = 0; i < outputs_.graph.outputs.size(); i++)
      if (outputs_.graph.outputs[i].dims[1] == rows && outputs_.graph.outputs[i].dims[2] == columns) return i;
    return 0;
  }
  size_t outputNamed(const std::string& name) const {
    for (size_t i = 0; i < outputs_.graph.outputs.size(); i++)
      if (outputs_.graph.outputs[i].name == name) return i;
    return 0;
  }
  static Box around(float x, float y, float w, float h) { return {x - w / 2, y - h / 2, x + w / 2, y + h / 2}; }
  void add(const Box& box, float score, int32_t classId, std::vector<float> points = {},
           std::vector<float> pointScores = {}) {
    if (score >= spec_.scoreThreshold)
      found_.push_back({box, score, classId, std::move(points), std::move(pointScores)});
  }

  void blazeface() {
    for (const auto& [side, perCell] : {std::pair{16, 2}, {8, 6}}) {
      const int64_t anchors = int64_t{side} * side * perCell;
      const auto scores = values(outputOf(anchors, 1)), boxes = values(outputOf(anchors, 16));
      for (int64_t a = 0; a < anchors; a++) {
        const auto column = static_cast<float>(a / perCell % side), row = static_cast<float>(a / perCell / side);
        const float x = (column + 0.5f) / static_cast<float>(side) * static_cast<float>(spec_.width);
        const float y = (row + 0.5f) / static_cast<float>(side) * static_cast<float>(spec_.height);
        std::vector<float> points;
        for (int64_t k = 4; k < 16; k++) points.push_back((k % 2 ? y : x) + boxes(a * 16 + k));
        add(around(x + boxes(a * 16), y + boxes(a * 16 + 1), boxes(a * 16 + 2), boxes(a * 16 + 3)), sigmoid(scores(a)),
            0, points);
      }
    }
  }
  void yunet() {
    for (const int32_t stride : {8, 16, 32}) {
      const std::string end = std::to_string(stride);
      const auto classes = values(outputNamed("cls_" + end)), objectness = values(outputNamed("obj_" + end)),
                 boxes = values(outputNamed("bbox_" + end)), points = values(outputNamed("kps_" + end));
      const int32_t columns = spec_.width / stride, rows = spec_.height / stride;
      const auto s = static_cast<float>(stride);
      for (int64_t i = 0; i < int64_t{columns} * rows; i++) {
        const auto column = static_cast<float>(i % columns), row = static_cast<float>(i / columns);
        std::vector<float> at;
        for (int64_t k = 0; k < 10; k++) at.push_back((points(i * 10 + k) + (k % 2 ? row : column)) * s);
        add(around((column + boxes(i * 4)) * s, (row + boxes(i * 4 + 1)) * s, expPoly(boxes(i * 4 + 2)) * s,
                   expPoly(boxes(i * 4 + 3)) * s),
            squareRoot(clampTo(classes(i), 0.0f, 1.0f) * clampTo(objectness(i), 0.0f, 1.0f)), 0, at);
      }
    }
  }
  void yolo() {
    const auto v = values(0);
    const std::vector<int64_t>& dims = outputs_.graph.outputs[0].dims;
    const auto labels = static_cast<int64_t>(spec_.labels.size());
    if (dims[1] >= dims[2]) {
      for (int64_t i = 0; i < dims[1]; i++) row(v, i * dims[2], labels ? labels : dims[2] - 5);
      return;
    }
    const int64_t n = dims[2], classes = labels ? labels : dims[1] - 4, extras = dims[1] - 4 - classes;
    const int64_t step = extras % 3 == 0 ? 3 : 2;
    for (int64_t i = 0; i < n; i++) {
      int64_t best = 0;
      for (int64_t c = 1; c < classes; c++)
        if (v((4 + c) * n + i) > v((4 + best) * n + i)) best = c;
      std::vector<float> points, pointScores;
      for (int64_t k = 0; k < extras / step; k++) {
        for (const int64_t xy : {0, 1}) points.push_back(v((4 + classes + k * step + xy) * n + i));
        if (step == 3) pointScores.push_back(v((4 + classes + k * step + 2) * n + i));
      }
      add(around(v(i), v(n + i), v(2 * n + i), v(3 * n + i)), v((4 + best) * n + i), static_cast<int32_t>(best), points,
          pointScores);
    }
  }
  // YOLOv5's, and with a cell YOLOX's.
  void row(const std::function<float(int64_t)>& v, int64_t at, int64_t classes, const Box* cell = nullptr) {
    if (!(v(at + 4) >= spec_.scoreThreshold)) return;
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
      if (v(at + 5 + c) > v(at + 5 + best)) best = c;
    const Box box = cell ? around((v(at) + cell->x1) * cell->x2, (v(at + 1) + cell->y1) * cell->x2,
                                  expPoly(v(at + 2)) * cell->x2, expPoly(v(at + 3)) * cell->x2)
                         : around(v(at), v(at + 1), v(at + 2), v(at + 3));
    add(box, v(at + 4) * v(at + 5 + best), static_cast<int32_t>(best));
  }
  void yolox() {
    const auto v = values(0);
    const int64_t width = outputs_.graph.outputs[0].dims[2];
    int64_t i = 0;
    for (int32_t stride = 8; i < outputs_.graph.outputs[0].dims[1]; stride *= 2)
      for (int32_t y = 0; y < (spec_.height + stride - 1) / stride; y++)
        for (int32_t x = 0; x < (spec_.width + stride - 1) / stride; x++, i++) {
          const Box cell{static_cast<float>(x), static_cast<float>(y), static_cast<float>(stride), 0};
          row(v, i * width, width - 5, &cell);
        }
  }
  void end2end() {
    const auto v = values(0);
    for (int64_t i = 0; i < outputs_.graph.outputs[0].dims[1]; i++)
      if (v(i * 6 + 5) >= 0 && v(i * 6 + 5) < 1e6f)
        add({v(i * 6), v(i * 6 + 1), v(i * 6 + 2), v(i * 6 + 3)}, v(i * 6 + 4), static_cast<int32_t>(v(i * 6 + 5)));
  }

  void dropHidden() {
    std::vector<ReferenceBox> kept;
    for (const ReferenceBox& one : found_)
      if (std::none_of(kept.begin(), kept.end(), [&](const ReferenceBox& better) {
            return better.classId == one.classId && intersectionOverUnion(better.box, one.box) > spec_.iouThreshold;
          }))
        kept.push_back(one);
    found_ = std::move(kept);
  }
  void mergeGroups() {
    std::vector<ReferenceBox> groups;
    while (!found_.empty()) {
      const ReferenceBox best = found_.front();
      ReferenceBox sum{{}, best.score, 0, std::vector<float>(best.points.size(), 0.0f), {}};
      float weight = 0;
      std::vector<ReferenceBox> others;
      for (size_t i = 0; i < found_.size(); i++) {
        const ReferenceBox& one = found_[i];
        if (i && !(intersectionOverUnion(best.box, one.box) > spec_.iouThreshold)) {
          others.push_back(one);
          continue;
        }
        weight += one.score;
        sum.box = {sum.box.x1 + one.box.x1 * one.score, sum.box.y1 + one.box.y1 * one.score,
                   sum.box.x2 + one.box.x2 * one.score, sum.box.y2 + one.box.y2 * one.score};
        for (size_t k = 0; k < sum.points.size(); k++) sum.points[k] += one.points[k] * one.score;
      }
      sum.box = {sum.box.x1 / weight, sum.box.y1 / weight, sum.box.x2 / weight, sum.box.y2 / weight};
      for (float& point : sum.points) point = point / weight;
      groups.push_back(std::move(sum));
      found_ = std::move(others);
    }
    found_ = std::move(groups);
  }
  Detections packed() const {
    Detections packed;
    for (const ReferenceBox& one : found_) {
      packed.boxes.push_back(one.box);
      packed.scores.push_back(one.score);
      packed.classes.push_back(one.classId);
      packed.keypoints.insert(packed.keypoints.end(), one.points.begin(), one.points.end());
      packed.keypointScores.insert(packed.keypointScores.end(), one.pointScores.begin(), one.pointScores.end());
    }
    return packed;
  }

  const infer::ModelSpec& spec_;
  const Outputs& outputs_;
  size_t item_ = 0;
  std::vector<ReferenceBox> found_;
};

}  // namespace support
