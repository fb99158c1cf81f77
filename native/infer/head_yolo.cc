#include "infer/head.h"

namespace framepath::infer {
namespace {

// v8, v11.
Head columnsHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::yoloColumns);
  HeadArgs& args = head.args;
  const std::vector<int64_t>& dims = graph.outputs[0].dims;
  args.anchors = static_cast<int32_t>(dims[2]);
  takePrototypes(head, graph);
  const auto afterBox = static_cast<int32_t>(dims[1]) - 4;
  const auto labels = static_cast<int32_t>(spec.labels.size());
  args.classes = labels ? labels : afterBox - head.prototypes.channels;
  const int32_t extras = afterBox - args.classes - head.prototypes.channels;
  if (args.classes < 1 || extras < 0)
    outputsDoNotFit(spec, graph, "an output [N,4+classes,cells] for " + std::to_string(labels) + " labels");
  head.prototypes.first = 4 + args.classes;
  if (head.prototypes.channels == 0) takeKeypoints(args, extras);
  return head;
}

// v5.
Head rowsHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::yoloRows);
  HeadArgs& args = head.args;
  args.rowValues = static_cast<int32_t>(graph.outputs[0].dims[2]);
  takePrototypes(head, graph);
  const int32_t afterBox = args.rowValues - 5 - head.prototypes.channels;
  const auto labels = static_cast<int32_t>(spec.labels.size());
  args.classes = labels && labels <= afterBox ? labels : afterBox;
  if (args.classes < 1) outputsDoNotFit(spec, graph, "an output [N,anchors,5+classes]");
  head.prototypes.first = 5 + args.classes;
  return head;
}

}  // namespace

void takePrototypes(Head& head, const GraphInfo& graph) {
  if (graph.outputs.size() < 2 || graph.outputs[1].dims.size() != 4) return;
  const std::vector<int64_t>& dims = graph.outputs[1].dims;
  constexpr int64_t kMost = 4096;
  if (dims[1] < 1 || dims[2] < 1 || dims[3] < 1 || dims[1] > kMost || dims[2] > kMost || dims[3] > kMost) return;
  head.prototypes = {1, static_cast<int32_t>(dims[1]), static_cast<int32_t>(dims[2]), static_cast<int32_t>(dims[3]), 0};
}

void takeKeypoints(HeadArgs& args, int32_t extras) {
  if (extras <= 0) return;
  args.pointValues = extras % 3 == 0 ? 3 : 2;
  args.keypoints = extras / args.pointValues;
}

Head openYoloHead(const ModelSpec& spec, const GraphInfo& graph) {
  if (graph.outputs.empty() || graph.outputs[0].dims.size() != 3)
    outputsDoNotFit(spec, graph, "an output [N,4+classes,cells] or [N,anchors,5+classes]");
  const bool columns = graph.outputs[0].dims[1] < graph.outputs[0].dims[2];
  Head head = columns ? columnsHead(spec, graph) : rowsHead(spec, graph);
  head.parts = {{&HeadGrid::boxes, 0, 0}};
  return head;
}

}  // namespace framepath::infer
