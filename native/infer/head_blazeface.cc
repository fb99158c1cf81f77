// BlazeFace (arXiv 1907.05047): 896 anchors over a 16x16 grid (two a cell) and an 8x8 grid (six a cell), row major;
// every anchor sits at its cell's centre. Scores are logits; boxes are centre, width and height in input pixels, the
// centre relative to the anchor, then six keypoints (eye R, eye L, nose, mouth, ear R, ear L) relative to it too.
#include "infer/head.h"
#include "infer/suppress.h"
#include "kernels/math.h"

namespace framepath::infer {
namespace {

constexpr int32_t kKeypoints = 6;
constexpr int32_t kValues = 4 + 2 * kKeypoints;

struct BlazefaceGrid {
  int32_t cells;  // a side
  int32_t perCell;
  int32_t width, height;  // of the input
};

// Box and keypoints of one anchor, in input pixels: x1, y1, x2, y2, then x, y pairs.
void decodeBlazefaceAnchor(const BlazefaceGrid& grid, const float* values, int32_t anchor, float out[kValues]) {
  const int32_t cell = anchor / grid.perCell;
  const float x =
      (static_cast<float>(cell % grid.cells) + 0.5f) / static_cast<float>(grid.cells) * static_cast<float>(grid.width);
  const float y =
      (static_cast<float>(cell / grid.cells) + 0.5f) / static_cast<float>(grid.cells) * static_cast<float>(grid.height);
  const float* v = values + static_cast<size_t>(anchor) * kValues;
  const float centreX = x + v[0], centreY = y + v[1];
  out[0] = centreX - v[2] / 2, out[1] = centreY - v[3] / 2;
  out[2] = centreX + v[2] / 2, out[3] = centreY + v[3] / 2;
  for (int32_t k = 0; k < kKeypoints; k++) {
    out[4 + 2 * k] = x + v[4 + 2 * k];
    out[5 + 2 * k] = y + v[5 + 2 * k];
  }
}

class BlazefaceHead : public Head {
 public:
  BlazefaceHead(const ModelSpec& spec, const GraphInfo& graph)
      : scoreThreshold_(spec.scoreThreshold), iouThreshold_(spec.iouThreshold) {
    grids_[0] = {16, 2, spec.width, spec.height};
    grids_[1] = {8, 6, spec.width, spec.height};
    for (int g = 0; g < 2; g++) {
      const int64_t anchors = int64_t{grids_[g].cells} * grids_[g].cells * grids_[g].perCell;
      scores_[g] = find(graph, anchors, 1);
      values_[g] = find(graph, anchors, kValues);
      if (scores_[g] < 0 || values_[g] < 0)
        outputsDoNotFit(spec, graph, "four outputs [N,512,1], [N,384,1], [N,512,16], [N,384,16]");
    }
  }

  void decode(const std::vector<OutputView>& outputs, int32_t item, Detections& found) const override {
    found = {};
    found.keypointsPer = kKeypoints;
    for (int g = 0; g < 2; g++) {
      const float* logits = outputs[scores_[g]].item(item);
      const float* values = outputs[values_[g]].item(item);
      const auto anchors = static_cast<int32_t>(outputs[scores_[g]].perItem());
      for (int32_t a = 0; a < anchors; a++) {
        const float score = sigmoid(logits[a]);
        if (!(score >= scoreThreshold_)) continue;
        float out[kValues];
        decodeBlazefaceAnchor(grids_[g], values, a, out);
        addDetection(found, {out[0], out[1], out[2], out[3]}, score, 0);
        found.keypoints.insert(found.keypoints.end(), out + 4, out + kValues);
      }
    }
    sortByScore(found, 896);
    suppressWeighted(found, iouThreshold_);
  }

 private:
  static int find(const GraphInfo& graph, int64_t rows, int64_t columns) {
    for (size_t i = 0; i < graph.outputs.size(); i++) {
      const std::vector<int64_t>& dims = graph.outputs[i].dims;
      if (dims.size() == 3 && dims[1] == rows && dims[2] == columns) return static_cast<int>(i);
    }
    return -1;
  }

  BlazefaceGrid grids_[2];
  int scores_[2], values_[2];
  float scoreThreshold_, iouThreshold_;
};

}  // namespace

std::unique_ptr<Head> openBlazefaceHead(const ModelSpec& spec, const GraphInfo& graph) {
  return std::make_unique<BlazefaceHead>(spec, graph);
}

}  // namespace framepath::infer
