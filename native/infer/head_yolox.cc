// YOLOX (arXiv 2107.08430), raw export: one row a cell over strides 8, 16, 32, row major; centre relative to the cell
// in strides, size by exp, then objectness and class scores, already probabilities.
#include "infer/head.h"
#include "infer/spec.h"
#include "infer/suppress.h"
#include "kernels/math.h"

namespace framepath::infer {
namespace {

constexpr size_t kMostCandidates = 5000;

struct YoloxCell {
  int32_t x, y, stride;
};

Box decodeYoloxBox(const YoloxCell& cell, const float* v) {
  const auto stride = static_cast<float>(cell.stride);
  const float x = (v[0] + static_cast<float>(cell.x)) * stride, y = (v[1] + static_cast<float>(cell.y)) * stride;
  const float width = expPoly(v[2]) * stride, height = expPoly(v[3]) * stride;
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

class YoloxHead : public Head {
 public:
  YoloxHead(const ModelSpec& spec, const GraphInfo& graph)
      : scoreThreshold_(spec.scoreThreshold), iouThreshold_(spec.iouThreshold) {
    const std::vector<int64_t> dims = graph.outputs.empty() ? std::vector<int64_t>{} : graph.outputs[0].dims;
    const bool four = dims.size() == 3 && dims[1] == gridCells(spec.width, spec.height, true);
    if (dims.size() != 3 || dims[2] < 6 || (!four && dims[1] != gridCells(spec.width, spec.height, false)))
      outputsDoNotFit(spec, graph,
                      "one output [N," + std::to_string(gridCells(spec.width, spec.height, false)) + ",5+classes]");
    classes_ = static_cast<int32_t>(dims[2]) - 5;
    for (int32_t stride = 8; stride <= (four ? 64 : 32); stride *= 2)
      for (int32_t y = 0; y < (spec.height + stride - 1) / stride; y++)
        for (int32_t x = 0; x < (spec.width + stride - 1) / stride; x++) cells_.push_back({x, y, stride});
  }

  void decode(const std::vector<OutputView>& outputs, int32_t item, Detections& found) const override {
    found = {};
    const float* row = outputs[0].item(item);
    for (const YoloxCell& cell : cells_) {
      const float* v = row;
      row += 5 + classes_;
      if (!(v[4] >= scoreThreshold_)) continue;  // class scores are at most 1
      int32_t best = 0;
      for (int32_t c = 1; c < classes_; c++)
        if (v[5 + c] > v[5 + best]) best = c;
      const float score = v[4] * v[5 + best];
      if (score >= scoreThreshold_) addDetection(found, decodeYoloxBox(cell, v), score, best);
    }
    sortByScore(found, kMostCandidates);
    suppress(found, iouThreshold_);
  }

 private:
  std::vector<YoloxCell> cells_;
  int32_t classes_ = 0;
  float scoreThreshold_, iouThreshold_;
};

}  // namespace

std::unique_ptr<Head> openYoloxHead(const ModelSpec& spec, const GraphInfo& graph) {
  return std::make_unique<YoloxHead>(spec, graph);
}

}  // namespace framepath::infer
