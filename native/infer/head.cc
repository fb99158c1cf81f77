#include "infer/head.h"

#include "infer/outputs.h"
#include "infer/spec.h"

namespace framepath::infer {

bool isDetectionHead(HeadKind head) {
  switch (head) {
    case HeadKind::blazeface:
    case HeadKind::yunet:
    case HeadKind::yolo:
    case HeadKind::yoloEnd2end:
    case HeadKind::yolox: return true;
    case HeadKind::embedding:
    case HeadKind::classification:
    case HeadKind::raw: break;
  }
  return false;
}

Head openHead(const ModelSpec& spec, const GraphInfo& graph) {
  switch (spec.head) {
    case HeadKind::blazeface: return openBlazefaceHead(spec, graph);
    case HeadKind::yunet: return openYunetHead(spec, graph);
    case HeadKind::yolo: return openYoloHead(spec, graph);
    case HeadKind::yoloEnd2end: return openYoloEnd2endHead(spec, graph);
    case HeadKind::yolox: return openYoloxHead(spec, graph);
    case HeadKind::embedding:
    case HeadKind::classification:
    case HeadKind::raw: break;
  }
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "The model \"" + spec.name + "\" has head " + headName(spec.head) + ", which finds no boxes.",
              "Use a model with a detection head, or state its head.");
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

HeadArgs Head::bound(const std::vector<TensorView>& outputs) const {
  HeadArgs bound = args;
  for (const Part& part : parts) {
    const TensorView& output = outputs[static_cast<size_t>(part.output)];
    bound.grids[part.grid].*part.tensor = {output.data, output.type, static_cast<int32_t>(valuesPerItem(output))};
  }
  if (bound.anchors == 0 && bound.rowValues > 0) bound.anchors = bound.grids[0].boxes.perItem / bound.rowValues;
  return bound;
}

void outputsDoNotFit(const ModelSpec& spec, const GraphInfo& graph, const std::string& expected) {
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "The outputs of model \"" + spec.name + "\" do not fit head " + headName(spec.head) + ": expected " +
                  expected + ", found " + graph.outputsText() + " (input " + std::to_string(spec.width) + "x" +
                  std::to_string(spec.height) + ").",
              "State another head (" + headNames() + "), or head \"raw\" to read the outputs yourself.");
}

}  // namespace framepath::infer
