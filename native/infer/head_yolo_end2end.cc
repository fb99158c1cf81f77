#include "infer/head.h"

namespace framepath::infer {

Head openYoloEnd2endHead(const ModelSpec& spec, const GraphInfo& graph) {
  const std::vector<int64_t> dims = graph.outputs.empty() ? std::vector<int64_t>{} : graph.outputs[0].dims;
  if (dims.size() != 3 || dims[2] < kYoloEnd2endValues)
    outputsDoNotFit(spec, graph, "an output [N,detections,6], or more for masks or keypoints");
  Head head = headOf(spec, HeadLayout::yoloEnd2end);
  head.args.rowValues = static_cast<int32_t>(dims[2]);
  head.suppression = Suppression::none;
  head.parts = {{&HeadGrid::boxes, 0, 0}};
  takePrototypes(head, graph);
  head.prototypes.first = kYoloEnd2endValues;
  const int32_t extras = head.args.rowValues - kYoloEnd2endValues;
  if (head.prototypes.channels == 0) takeKeypoints(head.args, extras);
  if (head.prototypes.channels > 0 && extras != head.prototypes.channels)
    outputsDoNotFit(spec, graph, "as many mask coefficients as there are prototypes");
  return head;
}

}  // namespace framepath::infer
