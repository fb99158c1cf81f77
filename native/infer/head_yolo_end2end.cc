#include "infer/head.h"

namespace framepath::infer {

Head openYoloEnd2endHead(const ModelSpec& spec, const GraphInfo& graph) {
  if (graph.outputs.empty() || graph.outputs[0].dims.size() != 3 || graph.outputs[0].dims[2] != kYoloEnd2endValues)
    outputsDoNotFit(spec, graph, "an output [N,detections,6]");
  Head head = headOf(spec, HeadLayout::yoloEnd2end);
  head.args.rowValues = kYoloEnd2endValues;
  head.suppression = Suppression::none;
  head.parts = {{&HeadGrid::boxes, 0, 0}};
  return head;
}

}  // namespace framepath::infer
