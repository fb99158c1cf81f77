#include "infer/head.h"

namespace framepath::infer {
Head openBlazefaceHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::blazeface);
  head.suppression = Suppression::weighted;
  HeadArgs& args = head.args;
  args.keypoints = kBlazefaceKeypoints;
  args.gridCount = 2;
  constexpr int32_t kCells[] = {16, 8}, kPerCell[] = {2, 6};
  for (int32_t g = 0; g < 2; g++) {
    args.grids[g].first = args.anchors;
    args.grids[g].columns = args.grids[g].rows = kCells[g];
    args.grids[g].perCell = kPerCell[g];
    const int32_t anchors = kCells[g] * kCells[g] * kPerCell[g];
    args.anchors += anchors;
    const int32_t scores = findOutput(graph, {anchors, 1}), boxes = findOutput(graph, {anchors, kBlazefaceValues});
    if (scores < 0 || boxes < 0)
      outputsDoNotFit(spec, graph, "four outputs [N,512,1], [N,384,1], [N,512,16], [N,384,16]");
    head.parts.push_back({&HeadGrid::scores, g, scores});
    head.parts.push_back({&HeadGrid::boxes, g, boxes});
  }
  return head;
}

}  // namespace framepath::infer
