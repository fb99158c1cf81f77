#include "infer/head.h"

namespace framepath::infer {
namespace {

// [N,anchors,values]; [anchors,values] as InsightFace exports models of batch 1.
int32_t find(const ModelSpec& spec, const GraphInfo& graph, int64_t anchors, int64_t values) {
  for (size_t i = 0; i < graph.outputs.size(); i++) {
    const std::vector<int64_t>& dims = graph.outputs[i].dims;
    const bool flat = dims.size() == 2 && spec.fixedBatch == 1;
    if ((flat || dims.size() == 3) && dims[dims.size() - 2] == anchors && dims.back() == values)
      return static_cast<int32_t>(i);
  }
  return -1;
}

}  // namespace

Head openScrfdHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::scrfd);
  head.args.gridCount = 0;
  for (const int32_t stride : {8, 16, 32}) {
    const int32_t grid = head.args.gridCount, anchors = addGrid(head.args, stride, kScrfdPerCell);
    const int32_t scores = find(spec, graph, anchors, 1), boxes = find(spec, graph, anchors, 4);
    const int32_t keypoints = find(spec, graph, anchors, 2 * kScrfdKeypoints);
    if (scores < 0 || boxes < 0 || (grid > 0 && (keypoints >= 0) != (head.args.keypoints > 0)))
      outputsDoNotFit(spec, graph,
                      "outputs [N," + std::to_string(anchors) + ",1] and [N," + std::to_string(anchors) +
                          ",4] (and [N," + std::to_string(anchors) + ",10]) of stride " + std::to_string(stride) +
                          ", two anchors a cell");
    const auto add = [&](HeadTensor HeadGrid::*tensor, int32_t output) {
      head.parts.push_back({tensor, grid, output, graph.outputs[output].dims.size() == 2});
    };
    add(&HeadGrid::scores, scores);
    add(&HeadGrid::boxes, boxes);
    if (keypoints < 0) continue;
    head.args.keypoints = kScrfdKeypoints;
    add(&HeadGrid::keypoints, keypoints);
  }
  return head;
}

}  // namespace framepath::infer
