#include "infer/head.h"

namespace framepath::infer {

Head openYunetHead(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::yunet);
  HeadArgs& args = head.args;
  args.keypoints = kYunetKeypoints;
  args.gridCount = 0;
  for (const int32_t stride : {8, 16, 32}) {
    const int32_t columns = spec.width / stride, rows = spec.height / stride, cells = columns * rows;
    const int32_t number = args.gridCount++;
    HeadGrid& grid = args.grids[number];
    grid.first = args.anchors;
    grid.columns = columns;
    grid.rows = rows;
    grid.stride = stride;
    args.anchors += cells;
    const auto part = [&](const char* kind, int64_t values, HeadTensor HeadGrid::*tensor) {
      const std::string name = kind + std::to_string(stride);
      for (size_t i = 0; i < graph.outputs.size(); i++) {
        const std::vector<int64_t>& dims = graph.outputs[i].dims;
        if (graph.outputs[i].name != name || dims.size() != 3 || dims[1] != cells || dims[2] != values) continue;
        head.parts.push_back({tensor, number, static_cast<int32_t>(i)});
        return;
      }
      outputsDoNotFit(spec, graph,
                      name + " [N," + std::to_string(cells) + "," + std::to_string(values) +
                          "] (and an input whose sides are multiples of 32)");
    };
    part("cls_", 1, &HeadGrid::scores);
    part("obj_", 1, &HeadGrid::objectness);
    part("bbox_", 4, &HeadGrid::boxes);
    part("kps_", 2 * kYunetKeypoints, &HeadGrid::keypoints);
  }
  return head;
}

}  // namespace framepath::infer
