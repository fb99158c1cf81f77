// YuNet (Wu, Peng, Yu: YuNet, 2023): one anchor a cell on strides 8, 16, 32; score = sqrt(class x objectness), both
// already probabilities; box centre and keypoints relative to the cell in strides, size by exp. Keypoints: eye R, eye
// L, nose, mouth corner R, mouth corner L.
#include "infer/head.h"
#include "infer/suppress.h"
#include "kernels/math.h"

namespace framepath::infer {
namespace {

constexpr int32_t kKeypoints = 5;
constexpr size_t kMostCandidates = 5000;

struct YunetLevel {
  int32_t stride;
  int32_t columns, rows;
  int classes, objectness, boxes, keypoints;  // positions of the outputs
};

float yunetScore(float classScore, float objectness) {
  return squareRoot(clampTo(classScore, 0.0f, 1.0f) * clampTo(objectness, 0.0f, 1.0f));
}

Box decodeYunetBox(const YunetLevel& level, const float* values, int32_t cell) {
  const float* v = values + static_cast<size_t>(cell) * 4;
  const auto stride = static_cast<float>(level.stride);
  const float x = (static_cast<float>(cell % level.columns) + v[0]) * stride;
  const float y = (static_cast<float>(cell / level.columns) + v[1]) * stride;
  const float width = expPoly(v[2]) * stride, height = expPoly(v[3]) * stride;
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

class YunetHead : public Head {
 public:
  YunetHead(const ModelSpec& spec, const GraphInfo& graph)
      : scoreThreshold_(spec.scoreThreshold), iouThreshold_(spec.iouThreshold) {
    for (const int32_t stride : {8, 16, 32}) {
      YunetLevel level{stride, spec.width / stride, spec.height / stride, 0, 0, 0, 0};
      const int64_t cells = int64_t{level.columns} * level.rows;
      const auto find = [&](const char* kind, int64_t values) {
        const std::string name = kind + std::to_string(stride);
        for (size_t i = 0; i < graph.outputs.size(); i++) {
          const std::vector<int64_t>& dims = graph.outputs[i].dims;
          if (graph.outputs[i].name == name && dims.size() == 3 && dims[1] == cells && dims[2] == values)
            return static_cast<int>(i);
        }
        outputsDoNotFit(spec, graph,
                        name + " [N," + std::to_string(cells) + "," + std::to_string(values) +
                            "] (and an input whose sides are multiples of 32)");
      };
      level.classes = find("cls_", 1);
      level.objectness = find("obj_", 1);
      level.boxes = find("bbox_", 4);
      level.keypoints = find("kps_", 2 * kKeypoints);
      levels_.push_back(level);
    }
  }

  void decode(const std::vector<OutputView>& outputs, int32_t item, Detections& found) const override {
    found = {};
    found.keypointsPer = kKeypoints;
    for (const YunetLevel& level : levels_) {
      const float* classes = outputs[level.classes].item(item);
      const float* objectness = outputs[level.objectness].item(item);
      const float* boxes = outputs[level.boxes].item(item);
      const float* points = outputs[level.keypoints].item(item);
      for (int32_t cell = 0; cell < level.columns * level.rows; cell++) {
        const float score = yunetScore(classes[cell], objectness[cell]);
        if (!(score >= scoreThreshold_)) continue;
        addDetection(found, decodeYunetBox(level, boxes, cell), score, 0);
        for (int32_t k = 0; k < kKeypoints; k++) {
          const float* v = points + (static_cast<size_t>(cell) * kKeypoints + k) * 2;
          found.keypoints.push_back((v[0] + static_cast<float>(cell % level.columns)) *
                                    static_cast<float>(level.stride));
          found.keypoints.push_back((v[1] + static_cast<float>(cell / level.columns)) *
                                    static_cast<float>(level.stride));
        }
      }
    }
    sortByScore(found, kMostCandidates);
    suppress(found, iouThreshold_);
  }

 private:
  std::vector<YunetLevel> levels_;
  float scoreThreshold_, iouThreshold_;
};

}  // namespace

std::unique_ptr<Head> openYunetHead(const ModelSpec& spec, const GraphInfo& graph) {
  return std::make_unique<YunetHead>(spec, graph);
}

}  // namespace framepath::infer
