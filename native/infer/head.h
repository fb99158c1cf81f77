// A head reads a model's outputs into boxes. The maths of each is in kernels/head_NAME.h; head_NAME.cc maps
// outputs to their roles.
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
    bool whole = false;    // it has no batch dimension: models of batch 1 only
    int64_t perItem = -1;  // values of a picture in every run; -1: the run decides
  };

  // Of a segmentation model: an output [N,channels,rows,columns] that masks are mixed from. The coefficients of an
  // anchor begin at value `first` of its outputs.
  struct Prototypes {
    int32_t output = 0;
    int32_t channels = 0;  // 0: there are none
    int32_t rows = 0, columns = 0;
    int32_t first = 0;
  };

  HeadArgs args{};  // without the outputs' data; `anchors` is 0 where a run's rows decide
  std::vector<Part> parts;
  Suppression suppression = Suppression::greedy;
  float iou = 0;
  int32_t mostBoxes = 0;  // of a picture before suppression; 0 = no limit of its own
  Prototypes prototypes;

  // What the kernels need for the outputs of a run of `items` pictures. Throws INFERENCE_FAILED when they have other
  // shapes than at load.
  HeadArgs bound(const std::vector<TensorView>& outputs, size_t items) const;
  HeadTensor boundPrototypes(const std::vector<TensorView>& outputs, size_t items) const;
  // Most boxes of a picture that go on from its anchors.
  int32_t most() const;
};

// `graph` has the outputs' dims as a run gave them. Throws MODEL_UNSUPPORTED when the outputs do not fit the head.
Head openHead(const ModelSpec& spec, const GraphInfo& graph);

Head openBlazefaceHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYunetHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYoloHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYoloEnd2endHead(const ModelSpec& spec, const GraphInfo& graph);
Head openYoloxHead(const ModelSpec& spec, const GraphInfo& graph);
Head openUltrafaceHead(const ModelSpec& spec, const GraphInfo& graph);
Head openScrfdHead(const ModelSpec& spec, const GraphInfo& graph);
Head openRetinafaceHead(const ModelSpec& spec, const GraphInfo& graph);
Head openNanodetHead(const ModelSpec& spec, const GraphInfo& graph);
Head openRtDetrHead(const ModelSpec& spec, const GraphInfo& graph);
Head openMovenetHead(const ModelSpec& spec, const GraphInfo& graph);

bool isDetectionHead(HeadKind head);

// MODEL_UNSUPPORTED with what the head expects and what the model has.
[[noreturn]] void outputsDoNotFit(const ModelSpec& spec, const GraphInfo& graph, const std::string& expected);

// A head with what every one takes from the spec.
Head headOf(const ModelSpec& spec, HeadLayout layout);

// Of YOLO's heads: the prototypes of a segmentation model, and `extras` values a box as keypoints.
void takePrototypes(Head& head, const GraphInfo& graph);
void takeKeypoints(HeadArgs& args, int32_t extras);

// Adds a grid of cells of `stride` pixels, a last one that is cut off included; returns its anchors.
int32_t addGrid(HeadArgs& args, int32_t stride, int32_t perCell);

// Number of the output with these dims after the batch (-1: any), or -1.
int32_t findOutput(const GraphInfo& graph, const std::vector<int64_t>& itemDims);

}  // namespace framepath::infer
