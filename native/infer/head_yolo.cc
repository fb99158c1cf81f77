#include "infer/head.h"

namespace framepath::infer {
namespace {

// v8, v11.
Head columnsHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::yoloColumns);
  HeadArgs& args = head.args;
  const std::vector<int64_t>& dims = graph.outputs[0].dims;
  args.anchors = static_cast<int32_t>(dims[2]);
  const auto afterBox = static_cast<int32_t>(dims[1]) - 4;
  const bool segments = graph.outputs.size() > 1 && graph.outputs[1].dims.size() == 4;
  const int32_t masks = segments ? static_cast<int32_t>(graph.outputs[1].dims[1]) : 0;
  const auto labels = static_cast<int32_t>(spec.labels.size());
  args.classes = labels ? labels : afterBox - masks;
  if (args.classes < 1 || args.classes > afterBox)
    outputsDoNotFit(spec, graph, "an output [N,4+classes,cells] for " + std::to_string(labels) + " labels");
  const int32_t extras = afterBox - args.classes - masks;
  if (extras > 0 && !segments) {
    args.pointValues = extras % 3 == 0 ? 3 : 2;
    args.keypoints = extras / args.pointValues;
  }
  return head;
}

// v5.
Head rowsHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::yoloRows);
  HeadArgs& args = head.args;
  args.rowValues = static_cast<int32_t>(graph.outputs[0].dims[2]);
  const auto labels = static_cast<int32_t>(spec.labels.size());
  args.classes = labels && labels <= args.rowValues - 5 ? labels : args.rowValues - 5;
  if (args.classes < 1) outputsDoNotFit(spec, graph, "an output [N,anchors,5+classes]");
  return head;
}

}  // namespace

Head openYoloHead(const ModelSpec& spec, const GraphInfo& graph) {
  if (graph.outputs.empty() || graph.outputs[0].dims.size() != 3)
    outputsDoNotFit(spec, graph, "an output [N,4+classes,cells] or [N,anchors,5+classes]");
  const bool columns = graph.outputs[0].dims[1] < graph.outputs[0].dims[2];
  Head head = columns ? columnsHead(spec, graph) : rowsHead(spec, graph);
  head.parts = {{&HeadGrid::boxes, 0, 0}};
  return head;
}

}  // namespace framepath::infer
