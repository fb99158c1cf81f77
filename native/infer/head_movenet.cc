#include "infer/head.h"

namespace framepath::infer {

Head openMovenetHead(const ModelSpec& spec, const GraphInfo& graph) {
  const int32_t single = findOutput(graph, {1, kMovenetKeypoints, 3}),
                multi = findOutput(graph, {-1, kMovenetMultiValues});
  if (single < 0 && multi < 0) outputsDoNotFit(spec, graph, "an output [N,1,17,3] or [N,people,56]");
  Head head = headOf(spec, single >= 0 ? HeadLayout::movenetSingle : HeadLayout::movenetMulti);
  head.args.keypoints = kMovenetKeypoints;
  head.args.pointValues = 3;
  head.args.rowValues = single >= 0 ? kMovenetSingleValues : kMovenetMultiValues;
  head.suppression = Suppression::none;
  head.parts = {{&HeadGrid::boxes, 0, single >= 0 ? single : multi}};
  return head;
}

}  // namespace framepath::infer
