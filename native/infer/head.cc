#include "infer/head.h"

#include <algorithm>
#include <limits>

#include "core/enum_names.h"
#include "infer/outputs.h"
#include "infer/spec.h"

namespace framepath::infer {

namespace {

HeadTensor boundTensor(const TensorView& output, size_t items, bool whole, int64_t perItem) {
  const int64_t values = whole ? valuesOf(output) : valuesPerItem(output);
  const bool enough = whole ? items <= 1 : output.rank > 0 && output.dims[0] >= static_cast<int64_t>(items);
  if (!enough || (perItem >= 0 && values != perItem) || values > std::numeric_limits<int32_t>::max())
    throw Error(ErrorCode::INFERENCE_FAILED,
                "The model gave an output of " + std::to_string(values) + " values a picture for " +
                    std::to_string(items) + " pictures" +
                    (perItem >= 0 ? ", and of " + std::to_string(perItem) + " when it was loaded." : "."),
                "Export the model with outputs whose shapes do not depend on the picture.");
  return {output.data, output.type, static_cast<int32_t>(values)};
}

// Heads count an output's values in 32 bits; one without any may still name dims beyond them.
void checkVolumes(const ModelSpec& spec, const GraphInfo& graph) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  for (const TensorInfo& output : graph.outputs) {
    int64_t values = 1;
    for (const int64_t dim : output.dims) {
      if (dim < 0 || dim > kMost || (values *= std::max<int64_t>(dim, 1)) > kMost)
        outputsDoNotFit(spec, graph, "outputs of fewer than 2^31 values");
    }
  }
}

int64_t valuesAfter(const std::vector<int64_t>& dims, size_t first) {
  int64_t values = 1;
  for (size_t i = first; i < dims.size(); i++) values *= dims[i];
  return values;
}

Head headOfKind(const ModelSpec& spec, const GraphInfo& graph) {
  switch (spec.head) {
    case HeadKind::blazeface: return openBlazefaceHead(spec, graph);
    case HeadKind::yunet: return openYunetHead(spec, graph);
    case HeadKind::yolo: return openYoloHead(spec, graph);
    case HeadKind::yoloEnd2end: return openYoloEnd2endHead(spec, graph);
    case HeadKind::yolox: return openYoloxHead(spec, graph);
    case HeadKind::ultraface: return openUltrafaceHead(spec, graph);
    case HeadKind::scrfd: return openScrfdHead(spec, graph);
    case HeadKind::retinaface: return openRetinafaceHead(spec, graph);
    case HeadKind::nanodet: return openNanodetHead(spec, graph);
    case HeadKind::rtDetr: return openRtDetrHead(spec, graph);
    case HeadKind::movenet: return openMovenetHead(spec, graph);
    case HeadKind::embedding:
    case HeadKind::classification:
    case HeadKind::raw: break;
  }
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "The model \"" + spec.name + "\" has head " + nameOf(spec.head) + ", which finds no boxes.",
              "Use a model with a detection head, or state its head.");
}

}  // namespace

bool isDetectionHead(HeadKind head) {
  switch (head) {
    case HeadKind::blazeface:
    case HeadKind::yunet:
    case HeadKind::yolo:
    case HeadKind::yoloEnd2end:
    case HeadKind::yolox:
    case HeadKind::ultraface:
    case HeadKind::scrfd:
    case HeadKind::retinaface:
    case HeadKind::nanodet:
    case HeadKind::rtDetr:
    case HeadKind::movenet: return true;
    case HeadKind::embedding:
    case HeadKind::classification:
    case HeadKind::raw: break;
  }
  return false;
}

Head openHead(const ModelSpec& spec, const GraphInfo& graph) {
  checkVolumes(spec, graph);
  Head head = headOfKind(spec, graph);
  if (head.args.anchors == 0) return head;  // a run's rows decide
  for (Head::Part& part : head.parts)
    part.perItem = valuesAfter(graph.outputs[static_cast<size_t>(part.output)].dims, part.whole ? 0 : 1);
  return head;
}

Head headOf(const ModelSpec& spec, HeadLayout layout) {
  Head head;
  head.args.layout = layout;
  head.args.gridCount = 1;
  head.args.width = spec.width;
  head.args.height = spec.height;
  head.args.threshold = spec.scoreThreshold;
  head.iou = spec.iouThreshold;
  return head;
}

HeadArgs Head::bound(const std::vector<TensorView>& outputs, size_t items) const {
  HeadArgs bound = args;
  for (const Part& part : parts)
    bound.grids[part.grid].*part.tensor =
        boundTensor(outputs[static_cast<size_t>(part.output)], items, part.whole, part.perItem);
  if (bound.anchors == 0 && bound.rowValues > 0) bound.anchors = bound.grids[0].boxes.perItem / bound.rowValues;
  return bound;
}

HeadTensor Head::boundPrototypes(const std::vector<TensorView>& outputs, size_t items) const {
  const int64_t perItem = int64_t{prototypes.channels} * prototypes.rows * prototypes.columns;
  return boundTensor(outputs[static_cast<size_t>(prototypes.output)], items, false, perItem);
}

int32_t Head::most() const {
  if (suppression != Suppression::none) return kMostCandidates;
  return mostBoxes > 0 ? mostBoxes : std::numeric_limits<int32_t>::max();
}

int32_t addGrid(HeadArgs& args, int32_t stride, int32_t perCell) {
  HeadGrid& grid = args.grids[args.gridCount++];
  grid.first = args.anchors;
  grid.columns = (args.width + stride - 1) / stride;
  grid.rows = (args.height + stride - 1) / stride;
  grid.perCell = perCell;
  grid.stride = stride;
  const int32_t anchors = grid.columns * grid.rows * perCell;
  args.anchors += anchors;
  return anchors;
}

int32_t findOutput(const GraphInfo& graph, const std::vector<int64_t>& itemDims) {
  for (size_t i = 0; i < graph.outputs.size(); i++) {
    const std::vector<int64_t>& dims = graph.outputs[i].dims;
    if (dims.size() == itemDims.size() + 1 &&
        std::equal(itemDims.begin(), itemDims.end(), dims.begin() + 1,
                   [](int64_t wanted, int64_t dim) { return wanted < 0 || wanted == dim; }))
      return static_cast<int32_t>(i);
  }
  return -1;
}

void outputsDoNotFit(const ModelSpec& spec, const GraphInfo& graph, const std::string& expected) {
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "The outputs of model \"" + spec.name + "\" do not fit head " + nameOf(spec.head) + ": expected " +
                  expected + ", found " + graph.outputsText() + " (input " + std::to_string(spec.width) + "x" +
                  std::to_string(spec.height) + ").",
              "State another head (" + namesOf<HeadKind>() + "), or head \"raw\" to read the outputs yourself.");
}

}  // namespace framepath::infer
