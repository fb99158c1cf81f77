#include "infer/head.h"

namespace framepath::infer {
namespace {

// Labels, boxes and scores that the graph selected itself.
Head selected(const ModelSpec& spec, const GraphInfo& graph, int32_t labels) {
  const int32_t boxes = outputNamed(graph, "boxes"), scores = outputNamed(graph, "scores");
  const auto dimsOf = [&](int32_t output) { return output < 0 ? std::vector<int64_t>{} : graph.outputs[output].dims; };
  const std::vector<int64_t> rows = dimsOf(labels);
  if (rows.size() != 2 || dimsOf(scores) != rows || dimsOf(boxes) != std::vector<int64_t>{rows[0], rows[1], 4})
    outputsDoNotFit(spec, graph, "labels [N,queries], boxes [N,queries,4], scores [N,queries]");
  Head head = headOf(spec, HeadLayout::detrSelected);
  head.args.anchors = static_cast<int32_t>(rows[1]);
  head.parts = {{&HeadGrid::labels, 0, labels}, {&HeadGrid::boxes, 0, boxes}, {&HeadGrid::scores, 0, scores}};
  return head;
}

Head logits(const ModelSpec& spec, const GraphInfo& graph, int32_t scores) {
  const std::vector<int64_t>& dims = graph.outputs[scores].dims;
  const int32_t boxes = outputNamed(graph, "pred_boxes");
  constexpr int64_t kMostPairs = 1 << 22;
  if (dims.size() != 3 || dims[1] < 1 || dims[2] < 1 || dims[1] * dims[2] > kMostPairs || boxes < 0 ||
      graph.outputs[boxes].dims != std::vector<int64_t>{dims[0], dims[1], 4})
    outputsDoNotFit(spec, graph, "logits [N,queries,classes], pred_boxes [N,queries,4]");
  Head head = headOf(spec, HeadLayout::detrLogits);
  head.args.classes = static_cast<int32_t>(dims[2]);
  head.args.anchors = static_cast<int32_t>(dims[1] * dims[2]);
  head.mostBoxes = static_cast<int32_t>(dims[1]);
  head.parts = {{&HeadGrid::scores, 0, scores}, {&HeadGrid::boxes, 0, boxes}};
  return head;
}

Head rows(const ModelSpec& spec, const GraphInfo& graph) {
  const auto labels = static_cast<int64_t>(spec.labels.size());
  const std::vector<int64_t> dims = graph.outputs.size() == 1 ? graph.outputs[0].dims : std::vector<int64_t>{};
  if (dims.size() != 3 || dims[2] < 5 || (labels > 0 && dims[2] != 4 + labels))
    outputsDoNotFit(spec, graph,
                    "labels, boxes and scores, or logits and pred_boxes, or an output [N,queries,4+classes]");
  Head head = headOf(spec, HeadLayout::detrRows);
  head.args.rowValues = static_cast<int32_t>(dims[2]);
  head.args.classes = head.args.rowValues - 4;
  head.parts = {{&HeadGrid::boxes, 0, 0}};
  return head;
}

}  // namespace

Head openRtDetrHead(const ModelSpec& spec, const GraphInfo& graph) {
  const int32_t labels = outputNamed(graph, "labels"), scores = outputNamed(graph, "logits");
  Head head = labels >= 0   ? selected(spec, graph, labels)
              : scores >= 0 ? logits(spec, graph, scores)
                            : rows(spec, graph);
  head.suppression = Suppression::none;
  return head;
}

}  // namespace framepath::infer
