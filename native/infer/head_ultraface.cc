#include "infer/head.h"

namespace framepath::infer {

Head openUltrafaceHead(const ModelSpec& spec, const GraphInfo& graph) {
  const int32_t scores = findOutput(graph, {-1, 2}), boxes = findOutput(graph, {-1, 4});
  if (scores < 0 || boxes < 0 || graph.outputs[scores].dims[1] != graph.outputs[boxes].dims[1])
    outputsDoNotFit(spec, graph, "two outputs [N,anchors,2], [N,anchors,4]");
  Head head = headOf(spec, HeadLayout::ultraface);
  head.args.anchors = static_cast<int32_t>(graph.outputs[boxes].dims[1]);
  head.parts = {{&HeadGrid::scores, 0, scores}, {&HeadGrid::boxes, 0, boxes}};
  return head;
}

}  // namespace framepath::infer
