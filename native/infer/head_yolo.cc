// YOLOv8 and v11 (output [N,4+C(+extras),cells]: a column a cell, class probabilities without objectness) and YOLOv5
// (output [N,anchors,5+C]: a row an anchor, objectness x class). Boxes are centre and size in input pixels. What
// follows the classes in v8: mask coefficients of a segmentation model (not read), or keypoints x, y(, visibility) of a
// pose model.
#include "infer/head.h"
#include "infer/suppress.h"

namespace framepath::infer {
namespace {

constexpr size_t kMostCandidates = 5000;

Box boxAround(float x, float y, float width, float height) {
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

// For every cell the best of `classes` rows of scores, each row `cells` long.
void bestClasses(const float* scores, int32_t classes, int32_t cells, float* best, int32_t* which) {
  for (int32_t i = 0; i < cells; i++) {
    best[i] = scores[i];
    which[i] = 0;
  }
  for (int32_t c = 1; c < classes; c++) {
    const float* row = scores + static_cast<size_t>(c) * cells;
    for (int32_t i = 0; i < cells; i++) {
      const bool better = row[i] > best[i];
      which[i] = better ? c : which[i];
      best[i] = better ? row[i] : best[i];
    }
  }
}

// v8, v11.
class YoloColumnsHead : public Head {
 public:
  YoloColumnsHead(const ModelSpec& spec, const GraphInfo& graph)
      : scoreThreshold_(spec.scoreThreshold), iouThreshold_(spec.iouThreshold) {
    const std::vector<int64_t>& dims = graph.outputs[0].dims;
    cells_ = static_cast<int32_t>(dims[2]);
    const auto afterBox = static_cast<int32_t>(dims[1]) - 4;
    const bool segments = graph.outputs.size() > 1 && graph.outputs[1].dims.size() == 4;
    const int32_t masks = segments ? static_cast<int32_t>(graph.outputs[1].dims[1]) : 0;
    const auto labels = static_cast<int32_t>(spec.labels.size());
    classes_ = labels ? labels : afterBox - masks;
    if (classes_ < 1 || classes_ > afterBox)
      outputsDoNotFit(spec, graph, "an output [N,4+classes,cells] for " + std::to_string(labels) + " labels");
    const int32_t extras = afterBox - classes_ - masks;
    if (extras > 0 && !segments) {
      pointValues_ = extras % 3 == 0 ? 3 : 2;
      keypoints_ = extras / pointValues_;
    }
  }

  void decode(const std::vector<OutputView>& outputs, int32_t item, Detections& found) const override {
    found = {};
    found.keypointsPer = keypoints_;
    const float* v = outputs[0].item(item);
    const auto n = static_cast<size_t>(cells_);
    std::vector<float> best(n);
    std::vector<int32_t> which(n);
    bestClasses(v + 4 * n, classes_, cells_, best.data(), which.data());
    for (size_t i = 0; i < n; i++) {
      if (!(best[i] >= scoreThreshold_)) continue;
      addDetection(found, boxAround(v[i], v[n + i], v[2 * n + i], v[3 * n + i]), best[i], which[i]);
      const float* points = v + static_cast<size_t>(4 + classes_) * n + i;
      for (int32_t k = 0; k < keypoints_; k++) {
        found.keypoints.push_back(points[static_cast<size_t>(k * pointValues_) * n]);
        found.keypoints.push_back(points[static_cast<size_t>(k * pointValues_ + 1) * n]);
      }
    }
    sortByScore(found, kMostCandidates);
    suppress(found, iouThreshold_);
  }

 private:
  int32_t cells_ = 0, classes_ = 0, keypoints_ = 0, pointValues_ = 3;
  float scoreThreshold_, iouThreshold_;
};

// v5.
class YoloRowsHead : public Head {
 public:
  YoloRowsHead(const ModelSpec& spec, const GraphInfo& graph)
      : values_(static_cast<int32_t>(graph.outputs[0].dims[2])),
        scoreThreshold_(spec.scoreThreshold),
        iouThreshold_(spec.iouThreshold) {
    const auto labels = static_cast<int32_t>(spec.labels.size());
    classes_ = labels && labels <= values_ - 5 ? labels : values_ - 5;
    if (classes_ < 1) outputsDoNotFit(spec, graph, "an output [N,anchors,5+classes]");
  }

  void decode(const std::vector<OutputView>& outputs, int32_t item, Detections& found) const override {
    found = {};
    const float* v = outputs[0].item(item);
    const size_t rows = outputs[0].perItem() / values_;
    for (size_t i = 0; i < rows; i++, v += values_) {
      if (!(v[4] >= scoreThreshold_)) continue;  // class scores are at most 1
      int32_t best = 0;
      for (int32_t c = 1; c < classes_; c++)
        if (v[5 + c] > v[5 + best]) best = c;
      const float score = v[4] * v[5 + best];
      if (score >= scoreThreshold_) addDetection(found, boxAround(v[0], v[1], v[2], v[3]), score, best);
    }
    sortByScore(found, kMostCandidates);
    suppress(found, iouThreshold_);
  }

 private:
  int32_t values_, classes_ = 0;
  float scoreThreshold_, iouThreshold_;
};

}  // namespace

std::unique_ptr<Head> openYoloHead(const ModelSpec& spec, const GraphInfo& graph) {
  if (graph.outputs.empty() || graph.outputs[0].dims.size() != 3)
    outputsDoNotFit(spec, graph, "an output [N,4+classes,cells] or [N,anchors,5+classes]");
  if (graph.outputs[0].dims[1] < graph.outputs[0].dims[2]) return std::make_unique<YoloColumnsHead>(spec, graph);
  return std::make_unique<YoloRowsHead>(spec, graph);
}

}  // namespace framepath::infer
