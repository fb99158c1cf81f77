// Models that end in their own selection (YOLOv10, YOLO26, CenterNet exports): rows of x1, y1, x2, y2 in input pixels,
// score, class. Nothing is suppressed.
#include "infer/head.h"
#include "infer/suppress.h"

namespace framepath::infer {
namespace {

class YoloEnd2endHead : public Head {
 public:
  YoloEnd2endHead(const ModelSpec& spec, const GraphInfo& graph) : scoreThreshold_(spec.scoreThreshold) {
    if (graph.outputs.empty() || graph.outputs[0].dims.size() != 3 || graph.outputs[0].dims[2] != 6)
      outputsDoNotFit(spec, graph, "an output [N,detections,6]");
  }

  void decode(const std::vector<OutputView>& outputs, int32_t item, Detections& found) const override {
    found = {};
    const float* row = outputs[0].item(item);
    const size_t rows = outputs[0].perItem() / 6;
    for (size_t i = 0; i < rows; i++, row += 6) {
      if (!(row[4] >= scoreThreshold_) || !(row[5] >= 0 && row[5] < 1e6f)) continue;
      addDetection(found, {row[0], row[1], row[2], row[3]}, row[4], static_cast<int32_t>(row[5]));
    }
    sortByScore(found, rows);
  }

 private:
  float scoreThreshold_;
};

}  // namespace

std::unique_ptr<Head> openYoloEnd2endHead(const ModelSpec& spec, const GraphInfo& graph) {
  return std::make_unique<YoloEnd2endHead>(spec, graph);
}

}  // namespace framepath::infer
