// Heads known by the names and shapes of their outputs.
#include <algorithm>
#include <set>

#include "infer/spec.h"

namespace framepath::infer {
namespace {

bool isBlazeface(const GraphInfo& graph) {
  std::multiset<std::pair<int64_t, int64_t>> shapes;
  for (const TensorInfo& output : graph.outputs) {
    if (output.dims.size() != 3) return false;
    shapes.insert({output.dims[1], output.dims[2]});
  }
  return shapes == std::multiset<std::pair<int64_t, int64_t>>{{512, 1}, {384, 1}, {512, 16}, {384, 16}};
}

bool isYunet(const GraphInfo& graph) {
  std::set<std::string> names;
  for (const TensorInfo& output : graph.outputs) names.insert(output.name);
  for (const char* kind : {"cls_", "obj_", "bbox_", "kps_"})
    for (const char* stride : {"8", "16", "32"})
      if (!names.contains(std::string(kind) + stride)) return false;
  return true;
}

// Rows of the same anchors, one output for each of these numbers of values.
bool hasRowsOf(const GraphInfo& graph, std::multiset<int64_t> values) {
  if (graph.outputs.size() != values.size()) return false;
  for (const TensorInfo& output : graph.outputs) {
    if (output.dims.size() != 3 || output.dims[1] != graph.outputs[0].dims[1]) return false;
    const auto found = values.find(output.dims[2]);
    if (found == values.end()) return false;
    values.erase(found);
  }
  return true;
}

// Three strides of scores and boxes, and of keypoints; InsightFace's models of batch 1 leave the batch out.
bool isScrfd(const GraphInfo& graph) {
  std::multiset<int64_t> values;
  for (const TensorInfo& output : graph.outputs) {
    if (output.dims.size() != 3 && output.dims.size() != 2) return false;
    values.insert(output.dims.back());
  }
  return values == std::multiset<int64_t>{1, 1, 1, 4, 4, 4} ||
         values == std::multiset<int64_t>{1, 1, 1, 4, 4, 4, 10, 10, 10};
}

bool isMovenet(const GraphInfo& graph) {
  if (graph.outputs.size() != 1) return false;
  const std::vector<int64_t>& dims = graph.outputs[0].dims;
  if (dims.size() == 4) return dims[1] == 1 && dims[2] == 17 && dims[3] == 3;
  return dims.size() == 3 && dims[1] == 6 && dims[2] == 56;
}

// Heads that their outputs show whatever the input's size is.
std::optional<HeadKind> unmistakable(const GraphInfo& graph) {
  if (isBlazeface(graph)) return HeadKind::blazeface;
  if (isYunet(graph)) return HeadKind::yunet;
  if (isScrfd(graph)) return HeadKind::scrfd;
  if (outputNamed(graph, "cls_pred_stride_8") >= 0 && outputNamed(graph, "dis_pred_stride_8") >= 0)
    return HeadKind::nanodet;
  if (outputNamed(graph, "logits") >= 0 && outputNamed(graph, "pred_boxes") >= 0) return HeadKind::rtDetr;
  if (outputNamed(graph, "labels") >= 0 && outputNamed(graph, "boxes") >= 0 && outputNamed(graph, "scores") >= 0)
    return HeadKind::rtDetr;
  if (hasRowsOf(graph, {4, 2, 10})) return HeadKind::retinaface;
  if (hasRowsOf(graph, {4, 2})) return HeadKind::ultraface;
  if (isMovenet(graph)) return HeadKind::movenet;
  return std::nullopt;
}

constexpr int64_t kNanodetCoco = 80 + 4 * 8;  // values of a row: classes, and distances as distributions over 8 bins

}  // namespace

int64_t gridCells(int32_t width, int32_t height, bool four) {
  int64_t cells = 0;
  for (int32_t stride = 8; stride <= (four ? 64 : 32); stride *= 2)
    cells += static_cast<int64_t>((width + stride - 1) / stride) * ((height + stride - 1) / stride);
  return cells;
}

std::optional<HeadKind> headFromOutputs(const GraphInfo& graph, int32_t width, int32_t height) {
  if (const std::optional<HeadKind> head = unmistakable(graph)) return head;
  if (graph.outputs.empty()) return std::nullopt;
  const std::vector<int64_t>& dims = graph.outputs[0].dims;
  const bool segments = graph.outputs.size() == 2 && graph.outputs[1].dims.size() == 4;
  if (dims.size() != 3 || (graph.outputs.size() != 1 && !segments)) return std::nullopt;
  const int64_t a = dims[1], b = dims[2];
  if (width > 0 && height > 0) {
    for (const bool four : {false, true}) {
      const int64_t cells = gridCells(width, height, four);
      if (b == cells && a >= 5 && a < b) return HeadKind::yolo;      // v8, v11: columns are cells
      if (a == 3 * cells && b >= 6 && b < a) return HeadKind::yolo;  // v5: three anchors a cell
      if (a == cells && b == kNanodetCoco) return HeadKind::nanodet;
      if (a == cells && b >= 6 && b < a) return HeadKind::yolox;  // one anchor a cell, objectness
    }
  }
  if (b == 6 && a > 0 && a <= 1000) return HeadKind::yoloEnd2end;
  return std::nullopt;
}

}  // namespace framepath::infer
