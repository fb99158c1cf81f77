#include "infer/head.h"
#include "infer/spec.h"

namespace framepath::infer {

Head openYoloxHead(const ModelSpec& spec, const GraphInfo& graph) {
  const std::vector<int64_t> dims = graph.outputs.empty() ? std::vector<int64_t>{} : graph.outputs[0].dims;
  const bool four = dims.size() == 3 && dims[1] == gridCells(spec.width, spec.height, true);
  if (dims.size() != 3 || dims[2] < 6 || (!four && dims[1] != gridCells(spec.width, spec.height, false)))
    outputsDoNotFit(spec, graph,
                    "one output [N," + std::to_string(gridCells(spec.width, spec.height, false)) + ",5+classes]");
  Head head = headOf(spec, HeadLayout::yolox);
  HeadArgs& args = head.args;
  args.rowValues = static_cast<int32_t>(dims[2]);
  args.classes = args.rowValues - 5;
  args.gridCount = 0;
  for (int32_t stride = 8; stride <= (four ? 64 : 32); stride *= 2) addGrid(args, stride, 1);
  head.parts = {{&HeadGrid::boxes, 0, 0}};
  return head;
}

}  // namespace framepath::infer
