// A head reads a model's outputs into boxes. The maths of each is in kernels/head_NAME.h; head_NAME.cc says which
// output is what.
#pragma once
#include <string>
#include <vector>

#include "core/error.h"
#include "core/view.h"
#include "infer/graph_info.h"
#include "infer/model.h"
#include "kernels/nms.h"

namespace framepath::infer {

struct Head {
  // Output number `output` is that tensor of grid `grid`.
  struct Part {
    HeadTensor HeadGrid::*tensor;
    int32_t grid;
    int32_t output;
  };

  HeadArgs args{};  // without the outputs' data; `anchors` is 0 where a run's rows decide
  std::vector<Part> parts;
  Suppression suppression = Suppression::greedy;
  float iou = 0;

  // What the kernels need for the outputs of a run.
  HeadArgs bound(const std::vector<TensorView>& outputs) const;
};

// `graph` has the outputs' dims as a run gave them. Throws MODEL_UNSUPPORTED when the outputs do not fit the head.
Head openHead(const ModelSpec& spec, const GraphInfo& graph);

Head openBlazefaceHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYunetHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYoloHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYoloEnd2endHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYoloxHead(const ModelSpec& spec, const GraphInfo& graph);

bool isDetectionHead(HeadKind head);

// MODEL_UNSUPPORTED saying what the head expects and what the model has.
[[noreturn]] void outputsDoNotFit(const ModelSpec& spec, const GraphInfo& graph, const std::string& expected);

// A head with what every one takes from the spec.
Head headOf(const ModelSpec& spec, HeadLayout layout);

}  // namespace framepath::infer
