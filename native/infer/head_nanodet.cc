#include "infer/head.h"
#include "infer/spec.h"

namespace framepath::infer {
namespace {

constexpr int32_t kUsualBins = 8;  // reg_max 7 of every published model

void addGrids(HeadArgs& args, bool plus) {
  args.cellCentre = plus ? 0.0f : 0.5f;
  args.gridCount = 0;
  for (int32_t stride = 8; stride <= (plus ? 64 : 32); stride *= 2) addGrid(args, stride, 1);
}

// cls_pred_stride_8 [N,cells,classes], dis_pred_stride_8 [N,cells,4 x bins] and so on.
Head outputsAStride(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::nanodet);
  HeadArgs& args = head.args;
  addGrids(args, outputNamed(graph, "cls_pred_stride_64") >= 0);
  for (int32_t g = 0; g < args.gridCount; g++) {
    const std::string stride = std::to_string(args.grids[g].stride);
    const int32_t scores = outputNamed(graph, "cls_pred_stride_" + stride),
                  boxes = outputNamed(graph, "dis_pred_stride_" + stride);
    const int64_t cells = int64_t{args.grids[g].columns} * args.grids[g].rows;
    const auto valuesOf = [&](int32_t output) {
      if (output < 0) return int64_t{0};
      const std::vector<int64_t>& dims = graph.outputs[output].dims;
      return dims.size() == 3 && dims[1] == cells ? dims[2] : 0;
    };
    const int64_t classes = valuesOf(scores), bins = valuesOf(boxes) / 4;
    if (classes < 1 || bins < 2 || valuesOf(boxes) % 4 || (g > 0 && (classes != args.classes || bins != args.bins)))
      outputsDoNotFit(spec, graph,
                      "cls_pred_stride_" + stride + " [N," + std::to_string(cells) + ",classes] and dis_pred_stride_" +
                          stride + " [N," + std::to_string(cells) + ",4 x bins]");
    args.classes = static_cast<int32_t>(classes);
    args.bins = static_cast<int32_t>(bins);
    head.parts.push_back({&HeadGrid::scores, g, scores});
    head.parts.push_back({&HeadGrid::boxes, g, boxes});
  }
  return head;
}

// One output [N,cells,classes + 4 x bins] over all strides.
Head oneOutput(const ModelSpec& spec, const GraphInfo& graph) {
  Head head = headOf(spec, HeadLayout::nanodet);
  HeadArgs& args = head.args;
  const std::vector<int64_t> dims = graph.outputs.empty() ? std::vector<int64_t>{} : graph.outputs[0].dims;
  const bool plus = dims.size() == 3 && dims[1] == gridCells(spec.width, spec.height, true);
  addGrids(args, plus);
  const auto labels = static_cast<int64_t>(spec.labels.size());
  const int64_t values = dims.size() == 3 && dims[1] == args.anchors ? dims[2] : 0;
  const int64_t bins = labels > 0 ? (values - labels) / 4 : kUsualBins;
  const int64_t classes = values - 4 * bins;
  if (classes < 1 || bins < 2 || (labels > 0 && classes != labels))
    outputsDoNotFit(
        spec, graph,
        "an output [N," + std::to_string(args.anchors) + ",classes + 4 x bins], bins of 8 or by the labels");
  args.rowValues = static_cast<int32_t>(values);
  args.classes = static_cast<int32_t>(classes);
  args.bins = static_cast<int32_t>(bins);
  for (int32_t g = 0; g < args.gridCount; g++) {
    head.parts.push_back({&HeadGrid::scores, g, 0});
    head.parts.push_back({&HeadGrid::boxes, g, 0});
  }
  return head;
}

}  // namespace

Head openNanodetHead(const ModelSpec& spec, const GraphInfo& graph) {
  return outputNamed(graph, "cls_pred_stride_8") >= 0 ? outputsAStride(spec, graph) : oneOutput(spec, graph);
}

}  // namespace framepath::infer
