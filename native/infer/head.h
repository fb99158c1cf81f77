// A head reads a model's outputs into boxes. One file each (head_NAME.cc).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/results.h"
#include "infer/graph_info.h"
#include "infer/model.h"
#include "infer/output_view.h"

namespace framepath::infer {

// Immutable; reads one batch item at a time.
class Head {
 public:
  virtual ~Head() = default;
  // Appends nothing, fills `found`: coordinates in pixels of the model's input, best score first, already suppressed.
  virtual void decode(const std::vector<OutputView>& outputs, int32_t item, Detections& found) const = 0;
};

// `graph` has the outputs' dims as a run gave them. Throws MODEL_UNSUPPORTED when the outputs do not fit the head.
std::unique_ptr<Head> openHead(const ModelSpec& spec, const GraphInfo& graph);

std::unique_ptr<Head> openBlazefaceHead(const ModelSpec& spec, const GraphInfo& graph);
std::unique_ptr<Head> openYunetHead(const ModelSpec& spec, const GraphInfo& graph);
std::unique_ptr<Head> openYoloHead(const ModelSpec& spec, const GraphInfo& graph);
std::unique_ptr<Head> openYoloEnd2endHead(const ModelSpec& spec, const GraphInfo& graph);
std::unique_ptr<Head> openYoloxHead(const ModelSpec& spec, const GraphInfo& graph);

bool isDetectionHead(HeadKind head);

// MODEL_UNSUPPORTED saying what the head expects and what the model has.
[[noreturn]] void outputsDoNotFit(const ModelSpec& spec, const GraphInfo& graph, const std::string& expected);

// Detections in a head's making: one more of them.
inline void addDetection(Detections& found, const Box& box, float score, int32_t classId) {
  found.boxes.push_back(box);
  found.scores.push_back(score);
  found.classes.push_back(classId);
}

}  // namespace framepath::infer
