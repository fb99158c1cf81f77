// Every head on outputs of shapes that fit or nearly do, of any type, with any values: in host memory and by kernels
// the same bits; then the masks.
#include <fuzzer/FuzzedDataProvider.h>

#include <random>

#include "fuzz.h"
#include "infer/mask_decoder.h"
#include "infer/spec.h"
#include "infer_heads.h"

using namespace framepath;
using infer::HeadKind;

namespace {

constexpr int64_t kMostValues = 1 << 17;  // of one output

struct Shapes {
  FuzzedDataProvider& data;
  infer::ModelSpec spec;
  infer::GraphInfo graph;
  int64_t items = 1;

  void add(const std::string& name, std::vector<int64_t> dims) {
    if (data.ConsumeIntegralInRange(0, 79) == 0) return;  // it lacks one
    if (data.ConsumeIntegralInRange(0, 59) == 0)          // or has another shape
      dims[data.ConsumeIntegralInRange<size_t>(0, dims.size() - 1)] = data.ConsumeIntegralInRange(0, 90);
    if (data.ConsumeIntegralInRange(0, 79) == 0) dims.push_back(data.ConsumeIntegralInRange(0, 3));
    infer::TensorInfo output;
    output.name = name;
    output.dims = std::move(dims);
    static const infer::GraphType kTypes[] = {infer::GraphType::float32, infer::GraphType::float32,
                                              infer::GraphType::float16, infer::GraphType::int64,
                                              infer::GraphType::int32,   infer::GraphType::uint8};
    output.type = data.PickValueInArray(kTypes);
    graph.outputs.push_back(std::move(output));
  }
  void square(int32_t most) {
    spec.width = 32 * data.ConsumeIntegralInRange(1, most / 32);
    spec.height = 32 * data.ConsumeIntegralInRange(1, most / 32);
    if (data.ConsumeIntegralInRange(0, 3) == 0) spec.width += data.ConsumeIntegralInRange(-31, 31);
  }
  void labels(int32_t count) {
    if (data.ConsumeIntegralInRange(0, 2) == 0) spec.labels.assign(static_cast<size_t>(count), "thing");
  }
  void prototypes(int32_t channels) {
    add("output1", {items, channels, data.ConsumeIntegralInRange(1, 20), data.ConsumeIntegralInRange(1, 20)});
  }

  void blazeface() {
    spec.width = spec.height = 256;
    for (const int rows : {512, 384}) {
      add("s", {items, rows, 1});
      add("b", {items, rows, 16});
    }
  }
  void yunet() {
    square(160);
    for (const int stride : {8, 16, 32})
      for (const auto& [kind, values] : {std::pair{"kps_", 10}, {"cls_", 1}, {"bbox_", 4}, {"obj_", 1}})
        add(kind + std::to_string(stride), {items, int64_t{spec.width / stride} * (spec.height / stride), values});
  }
  void scrfd() {
    square(160);
    const bool points = data.ConsumeBool();
    spec.fixedBatch = data.ConsumeIntegralInRange(0, 1);
    for (const int stride : {8, 16, 32}) {
      const int64_t anchors = 2LL * ((spec.width + stride - 1) / stride) * ((spec.height + stride - 1) / stride);
      for (const int values : {1, 4, 10}) {
        if (values == 10 && !points) continue;
        if (spec.fixedBatch == 1)
          add("o", {anchors, values});
        else
          add("o", {items, anchors, values});
      }
    }
  }
  void retinaface() {
    square(160);
    int64_t anchors = 0;
    for (const int stride : {8, 16, 32})
      anchors += 2LL * ((spec.width + stride - 1) / stride) * ((spec.height + stride - 1) / stride);
    for (const int values : {4, 2, 10}) add("o", {items, anchors, values});
  }
  void ultraface() {
    square(160);
    const int64_t anchors = data.ConsumeIntegralInRange(0, 500);
    add("s", {items, anchors, 2});
    add("b", {items, anchors, 4});
  }
  void yolo() {
    square(160);
    const int32_t classes = data.ConsumeIntegralInRange(1, 6), extras = data.ConsumeIntegralInRange(0, 20),
                  cells = data.ConsumeIntegralInRange(0, 300);
    labels(classes);
    if (data.ConsumeBool())
      add("output0", {items, 4 + classes + extras, cells});
    else
      add("output0", {items, cells, 5 + classes + extras});
    if (data.ConsumeBool()) prototypes(extras);
  }
  void yoloEnd2end() {
    square(160);
    const int32_t extras = data.ConsumeIntegralInRange(0, 20);
    add("output0", {items, data.ConsumeIntegralInRange(0, 300), 6 + extras});
    if (data.ConsumeBool()) prototypes(extras);
  }
  void yolox() {
    square(192);
    add("o",
        {items, infer::gridCells(spec.width, spec.height, data.ConsumeBool()), data.ConsumeIntegralInRange(6, 12)});
  }
  void nanodet() {
    square(192);
    const int32_t classes = data.ConsumeIntegralInRange(1, 5), bins = data.ConsumeIntegralInRange(2, 9);
    const bool plus = data.ConsumeBool();
    labels(classes);
    if (data.ConsumeBool())
      return add("o", {items, infer::gridCells(spec.width, spec.height, plus), classes + 4 * bins});
    for (int32_t stride = 8; stride <= (plus ? 64 : 32); stride *= 2) {
      const int64_t cells = int64_t{(spec.width + stride - 1) / stride} * ((spec.height + stride - 1) / stride);
      add("cls_pred_stride_" + std::to_string(stride), {items, cells, classes});
      add("dis_pred_stride_" + std::to_string(stride), {items, cells, 4 * bins});
    }
  }
  void rtDetr() {
    square(160);
    const int32_t queries = data.ConsumeIntegralInRange(0, 100), classes = data.ConsumeIntegralInRange(1, 6);
    switch (data.ConsumeIntegralInRange(0, 2)) {
      case 0:
        add("labels", {items, queries});
        add("boxes", {items, queries, 4});
        return add("scores", {items, queries});
      case 1: add("logits", {items, queries, classes}); return add("pred_boxes", {items, queries, 4});
      default: labels(classes); return add("o", {items, queries, 4 + classes});
    }
  }
  void movenet() {
    square(160);
    if (data.ConsumeBool())
      add("o", {items, 1, 17, 3});
    else
      add("o", {items, data.ConsumeIntegralInRange(0, 10), 56});
  }

  void make() {
    items = data.ConsumeIntegralInRange(1, 3);
    spec.head = static_cast<HeadKind>(data.ConsumeIntegralInRange(0, static_cast<int>(HeadKind::raw)));
    spec.scoreThreshold = data.ConsumeProbability<float>();
    spec.iouThreshold = data.ConsumeProbability<float>();
    switch (spec.head) {
      case HeadKind::blazeface: return blazeface();
      case HeadKind::yunet: return yunet();
      case HeadKind::scrfd: return scrfd();
      case HeadKind::retinaface: return retinaface();
      case HeadKind::ultraface: return ultraface();
      case HeadKind::yolo: return yolo();
      case HeadKind::yoloEnd2end: return yoloEnd2end();
      case HeadKind::yolox: return yolox();
      case HeadKind::nanodet: return nanodet();
      case HeadKind::rtDetr: return rtDetr();
      case HeadKind::movenet: return movenet();
      case HeadKind::embedding:
      case HeadKind::classification:
      case HeadKind::raw: return add("o", {items, 10});
    }
  }
};

// Exactly the bytes of the tensor, so that one too far is seen.
struct Tensor {
  std::unique_ptr<uint8_t[]> bytes;
  TensorView view;

  Tensor(const infer::TensorInfo& info, FuzzedDataProvider& data) {
    view.type = infer::elementOf(info.type);
    view.rank = static_cast<int32_t>(info.dims.size());
    std::copy(info.dims.begin(), info.dims.end(), view.dims);
    const auto count = static_cast<size_t>(infer::valuesOf(view)), each = infer::graphTypeBytes(info.type);
    bytes.reset(new uint8_t[count * each]);
    view.data = bytes.get();
    fill(count, data);
  }

  void put(size_t at, double value) {
    const auto whole = [&](double low, double high) { return value >= low && value <= high ? value : 0; };
    const auto store = [&](auto number) { std::memcpy(bytes.get() + at * sizeof number, &number, sizeof number); };
    switch (view.type) {
      case ElementType::float32: return store(static_cast<float>(value));
      case ElementType::float16: return store(halfFromFloat(static_cast<float>(value)));
      case ElementType::uint8: return store(static_cast<uint8_t>(whole(0, 255)));
      case ElementType::int32: return store(static_cast<int32_t>(whole(-2147483648.0, 2147483647.0)));
      case ElementType::int64: return store(static_cast<int64_t>(whole(-9e18, 9e18)));
    }
  }

  void fill(size_t count, FuzzedDataProvider& data) {
    std::minstd_rand random(data.ConsumeIntegral<uint32_t>());
    const auto real = [&](double low, double high) {
      return low + (high - low) * static_cast<double>(random()) / std::minstd_rand::max();
    };
    const int how = data.ConsumeIntegralInRange(0, 5);
    static const double kOdd[] = {NAN,  INFINITY,     -INFINITY,     0,     -0.0,  1,   -1,    1e30, -1e30,
                                  3e38, 2147483648.0, -2147483649.0, 65504, 1e-40, 0.5, 9.3e18};
    for (size_t i = 0; i < count; i++) {
      double value = 0;
      switch (how) {
        case 0: value = real(0, 1); break;
        case 1: value = real(-3, 3); break;
        case 2: value = real(-200, 400); break;
        case 3: value = random() % 8 ? real(0, 1) : kOdd[random() % std::size(kOdd)]; break;
        case 4: value = kOdd[random() % std::size(kOdd)]; break;
        default: value = std::floor(real(0, 8)) / 8;
      }
      put(i, value);
    }
    for (int some = data.ConsumeIntegralInRange(0, 3); some > 0 && count > 0; some--)
      put(data.ConsumeIntegralInRange<size_t>(0, count - 1), data.ConsumeFloatingPoint<float>());
  }
};

void checkMasks(const infer::Head& head, Queue& queue, const std::vector<TensorView>& views,
                std::vector<infer::FoundBoxes>& found, FuzzedDataProvider& data) {
  const int32_t width = data.ConsumeIntegralInRange(1, 200), height = data.ConsumeIntegralInRange(1, 200);
  const infer::Placement back{
      data.ConsumeFloatingPointInRange(0.01, 20.0), data.ConsumeFloatingPointInRange(0.01, 20.0),
      data.ConsumeFloatingPointInRange(-200.0, 200.0), data.ConsumeFloatingPointInRange(-200.0, 200.0)};
  infer::MaskDecoder masks(head, *fuzz::cpu(), queue);
  for (size_t i = 0; i < found.size(); i++) {
    infer::keepUsable(found[i], infer::kMostMasked);
    infer::mapToFrame(found[i], back);
    masks.decode(views, found.size(), static_cast<int32_t>(i), back, width, height, found[i]);
    FUZZ_CHECK(found[i].masks.size() == found[i].size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::counts().inputs++;
  FuzzedDataProvider data(bytes, size);
  Shapes shapes{data, {}, {}};
  shapes.make();
  std::vector<Tensor> tensors;
  std::vector<TensorView> views;
  for (const infer::TensorInfo& output : shapes.graph.outputs) {
    int64_t values = 1;
    for (const int64_t dim : output.dims) values *= dim;
    if (output.dims.size() > 6 || values > kMostValues) return 0;
    tensors.emplace_back(output, data);
    views.push_back(tensors.back().view);
  }
  // A later run may have fewer pictures, and an output of another size.
  const auto items = static_cast<size_t>(data.ConsumeIntegralInRange<int64_t>(1, shapes.items));
  if (!views.empty() && data.ConsumeIntegralInRange(0, 15) == 0) {
    TensorView& view = views[data.ConsumeIntegralInRange<size_t>(0, views.size() - 1)];
    if (view.rank > 0) view.dims[view.rank - 1] = data.ConsumeIntegralInRange<int64_t>(0, view.dims[view.rank - 1]);
  }

  fuzz::answered([&] {
    const infer::Head head = infer::openHead(shapes.spec, shapes.graph);
    const auto queue = fuzz::cpu()->openQueue();
    std::vector<infer::FoundBoxes> found(items), again(items);
    infer::openHostDecoder(head, *fuzz::cpu(), *queue)->decode(views, found);
    infer::openDeviceDecoder(head, *fuzz::cpu(), *queue, static_cast<int32_t>(items))->decode(views, again);
    for (size_t i = 0; i < items; i++) {
      FUZZ_CHECK(support::sameDetections(found[i], again[i]) && found[i].anchors == again[i].anchors);
      FUZZ_CHECK(found[i].scores.size() == found[i].size() && found[i].classes.size() == found[i].size());
      FUZZ_CHECK(found[i].keypoints.size() == 2 * found[i].size() * static_cast<size_t>(found[i].keypointsPer));
      for (const float score : found[i].scores) FUZZ_CHECK(score == score);
    }
    fuzz::counts().useful++;
    if (head.prototypes.channels > 0) checkMasks(head, *queue, views, found, data);
  });
  return 0;
}
