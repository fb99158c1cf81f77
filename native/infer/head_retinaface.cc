#include "infer/head.h"

namespace framepath::infer {

Head openRetinafaceHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::retinaface);
  head.args.keypoints = kRetinafaceKeypoints;
  head.args.gridCount = 0;
  for (const int32_t stride : {8, 16, 32}) addGrid(head.args, stride, kRetinafacePerCell);
  const int32_t anchors = head.args.anchors;
  const int32_t scores = findOutput(graph, {anchors, 2}), boxes = findOutput(graph, {anchors, 4}),
                keypoints = findOutput(graph, {anchors, 2 * kRetinafaceKeypoints});
  if (scores < 0 || boxes < 0 || keypoints < 0) {
    const std::string rows = std::to_string(anchors);
    outputsDoNotFit(spec, graph, "three outputs [N," + rows + ",4], [N," + rows + ",2], [N," + rows + ",10]");
  }
  head.parts = {{&HeadGrid::scores, 0, scores}, {&HeadGrid::boxes, 0, boxes}, {&HeadGrid::keypoints, 0, keypoints}};
  return head;
}

}  // namespace framepath::infer
