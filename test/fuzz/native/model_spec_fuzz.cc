// Facts of model files and what callers state, made into specs and heads.
#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>

#include "core/enum_names.h"
#include "fuzz.h"
#include "infer/head.h"
#include "infer/spec.h"

using namespace framepath;

namespace {

std::string word(FuzzedDataProvider& data) {
  static const std::string kWords[] = {"",
                                       "input",
                                       "images",
                                       "orig_target_sizes",
                                       "output0",
                                       "output1",
                                       "boxes",
                                       "scores",
                                       "labels",
                                       "logits",
                                       "pred_boxes",
                                       "cls_8",
                                       "bbox_8",
                                       "obj_8",
                                       "kps_8",
                                       "cls_pred_stride_8",
                                       "dis_pred_stride_8",
                                       "cls_pred_stride_64",
                                       "names",
                                       "task",
                                       "stride",
                                       "imgsz",
                                       "framepath.head",
                                       "framepath.mean",
                                       "framepath.scale",
                                       "framepath.size",
                                       "framepath.labels",
                                       "framepath.fixes",
                                       "framepath.color",
                                       "framepath.threshold",
                                       "framepath.metric",
                                       "framepath.layout",
                                       "framepath.resize",
                                       "framepath.pad",
                                       "framepath.scoreThreshold",
                                       "framepath.iouThreshold",
                                       "framepath.topK",
                                       "{0: 'person', 1: 'car'}",
                                       "[640, 640]",
                                       "detect",
                                       "segment",
                                       "classify",
                                       "1,1,1",
                                       "0.00392",
                                       "nan",
                                       "1e999",
                                       "-1",
                                       "nchw",
                                       "nhwc",
                                       "rgb",
                                       "bgr",
                                       "gray",
                                       "letterbox",
                                       "letterbox-top-left",
                                       "stretch",
                                       "center-crop",
                                       "l2",
                                       "cosine",
                                       "dlib",
                                       "arcface",
                                       "none"};
  if (data.ConsumeIntegralInRange(0, 3) == 0) return data.ConsumeRandomLengthString(20);
  return data.PickValueInArray(kWords);
}

int64_t dim(FuzzedDataProvider& data) {
  static const int64_t kDims[] = {
      -1,   0,     1,     2,     3,     4,       5,          6,          10,          16,        17,       56,   84,
      85,   112,   117,   128,   256,   300,     320,        384,        512,         640,       896,      2100, 8400,
      4420, 12800, 16384, 25200, 25500, 1 << 20, 0x7fffffff, 0x80000000, 0x100000001, INT64_MAX, INT64_MIN};
  return data.ConsumeIntegralInRange(0, 5) == 0 ? data.ConsumeIntegral<int64_t>() : data.PickValueInArray(kDims);
}

infer::TensorInfo tensor(FuzzedDataProvider& data, bool picture) {
  infer::TensorInfo tensor;
  tensor.name = word(data);
  if (data.ConsumeIntegralInRange(0, 7) == 7)
    tensor.type =
        static_cast<infer::GraphType>(data.ConsumeIntegralInRange(0, static_cast<int>(infer::GraphType::other)));
  if (picture && data.ConsumeIntegralInRange(0, 15) != 15) {
    static const int64_t kSides[] = {-1, 112, 128, 150, 160, 192, 256, 320, 416, 640};
    const int64_t batch = data.ConsumeBool() ? 1 : -1, height = data.PickValueInArray(kSides),
                  width = data.PickValueInArray(kSides);
    const int64_t channels = data.ConsumeIntegralInRange(0, 7) == 7 ? 1 : 3;
    if (data.ConsumeIntegralInRange(0, 3) == 0)
      tensor.dims = {batch, height, width, channels};
    else
      tensor.dims = {batch, channels, height, width};
    return tensor;
  }
  for (int rank = data.ConsumeIntegralInRange(0, 5); rank > 0; rank--) tensor.dims.push_back(dim(data));
  if (data.ConsumeBool()) tensor.symbols.assign(tensor.dims.size(), data.ConsumeBool() ? "N" : "");
  return tensor;
}

infer::StatedSpec stated(FuzzedDataProvider& data) {
  infer::StatedSpec spec;
  const auto rarely = [&] { return data.ConsumeIntegralInRange(0, 23) == 23; };
  const auto number = [&] {
    return data.ConsumeBool() ? data.ConsumeFloatingPointInRange(-2.0, 300.0) : data.ConsumeFloatingPoint<double>();
  };
  if (data.ConsumeBool())
    spec.head =
        nameOf(static_cast<infer::HeadKind>(data.ConsumeIntegralInRange(0, static_cast<int>(infer::HeadKind::raw))));
  for (std::string* text : {&spec.head, &spec.layout, &spec.color, &spec.resize, &spec.align, &spec.metric})
    if (rarely()) *text = word(data);
  for (std::vector<double>* values : {&spec.mean, &spec.scale})
    if (data.ConsumeBool()) values->assign(data.ConsumeIntegralInRange(0, 15) ? 3 : 2, number());
  if (data.ConsumeBool())
    spec.size = {data.ConsumeIntegralInRange<int64_t>(1, 700), data.ConsumeIntegralInRange<int64_t>(1, 700)};
  if (rarely()) spec.size.push_back(dim(data));
  if (rarely()) spec.size = {dim(data), dim(data)};
  if (rarely()) spec.labels.assign(static_cast<size_t>(data.ConsumeIntegralInRange(0, 90)), "thing");
  for (std::optional<double>* value : {&spec.threshold, &spec.pad, &spec.scoreThreshold, &spec.iouThreshold})
    if (rarely()) *value = number();
  if (rarely()) spec.topK = data.ConsumeIntegral<int32_t>();
  return spec;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::counts().inputs++;
  FuzzedDataProvider data(bytes, size);
  infer::GraphInfo graph;
  const int inputs = data.ConsumeIntegralInRange(0, 9);
  for (int i = inputs < 7 ? 1 : inputs - 6; i > 0; i--) graph.inputs.push_back(tensor(data, true));
  for (int i = data.ConsumeIntegralInRange(0, 12); i > 0; i--) graph.outputs.push_back(tensor(data, false));
  for (int i = data.ConsumeIntegralInRange(0, 4); i > 0; i--) {
    std::string key = word(data);
    graph.metadata[std::move(key)] = word(data);
  }
  graph.producer = data.ConsumeBool() ? "pytorch" : word(data);
  const infer::StatedSpec given = stated(data);

  fuzz::answered([&] { infer::withMetadata(graph, given, "m"); });
  fuzz::answered([&] { infer::inferInput(graph, given, "m"); });
  infer::ModelSpec spec;
  const bool inferred = fuzz::answered([&] {
    spec = infer::inferSpec(graph, given, "m");
    const auto side = [](int32_t pixels) { return pixels >= 1 && pixels <= 16384; };
    FUZZ_CHECK(side(spec.width) && side(spec.height) && (spec.channels == 1 || spec.channels == 3));
    fuzz::counts().useful++;
    FUZZ_CHECK(spec.fixedBatch >= 0 && spec.scoreThreshold >= 0 && spec.scoreThreshold <= 1 && spec.topK >= 1);
  });
  if (!inferred || !infer::isDetectionHead(spec.head)) return 0;
  // At load a head is opened with the dims that a run gave: none are open then.
  for (infer::TensorInfo& output : graph.outputs)
    for (int64_t& dim : output.dims) dim = dim < 0 ? 1 : dim;
  fuzz::answered([&] {
    const infer::Head head = infer::openHead(spec, graph);
    FUZZ_CHECK(head.args.anchors >= 0 && head.args.gridCount >= 1 && head.args.gridCount <= kMaxHeadGrids);
    FUZZ_CHECK(head.args.classes >= 0 && head.args.keypoints >= 0 && head.args.rowValues >= 0);
    for (const infer::Head::Part& part : head.parts)
      FUZZ_CHECK(part.output >= 0 && static_cast<size_t>(part.output) < graph.outputs.size());
  });
  return 0;
}
