// Models that take whole numbers: pixels arrive as they are, rounded where a mean and a scale were stated.
#include <cmath>

#include "check.h"
#include "infer/detector.h"
#include "infer/embedder.h"
#include "infer/spec.h"
#include "infer_support.h"

using namespace framepath;
using namespace support;
using infer::GraphType;
using infer::StatedSpec;

namespace {

constexpr int kFloat = 1;
// As ONNX numbers them.
const std::vector<std::pair<std::string, int>> kIntegers = {{"uint8", 2}, {"int32", 6}, {"int64", 7}};
constexpr int64_t kSide = 24;

// A model whose output is its input, as floats.
std::string mirror(const std::string& name, int type, bool nhwc) {
  onnx::Graph graph;
  graph.input(
      {"image", nhwc ? std::vector<int64_t>{-1, kSide, kSide, 3} : std::vector<int64_t>{-1, 3, kSide, kSide}, type});
  graph.node("Cast", {"image"}, "floats", onnx::Graph::attribute("to", kFloat));
  graph.node("Flatten", {"floats"}, "embedding");
  graph.output({"embedding", {-1, 3 * kSide * kSide}});
  return writeFile(name + (nhwc ? "-nhwc" : "-nchw") + ".onnx", graph.text());
}

// Colours that are no whole numbers once they are resized.
FrameRef noise(int32_t width, int32_t height) {
  std::vector<uint8_t> i420(static_cast<size_t>(width) * height * 3 / 2);
  uint32_t state = 5;
  for (uint8_t& byte : i420) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return frameOf(i420, width, height, ColorMatrix::bt709);
}

StatedSpec stated(const std::string& head, std::vector<double> mean = {}, std::vector<double> scale = {}) {
  StatedSpec spec;
  spec.head = head;
  spec.mean = std::move(mean);
  spec.scale = std::move(scale);
  return spec;
}

std::vector<float> seenBy(const std::string& file, const StatedSpec& spec, const FrameRef& frame) {
  return infer::openRawModel(load(file, spec))->run(frame).at(0).values;
}

// Nearest, halves away from zero; bytes end at 0 and 255.
std::vector<float> rounded(std::vector<float> values, const std::string& type) {
  for (float& value : values) {
    if (type == "uint8") value = std::min(std::max(value, 0.0f), 255.0f);
    value = std::round(value);
  }
  return values;
}

}  // namespace

TEST(pixels_arrive_as_they_are) {
  NEED_RUNTIME();
  const FrameRef frame = noise(70, 50);
  for (const bool nhwc : {false, true}) {
    const std::vector<float> floats = seenBy(mirror("float", kFloat, nhwc), stated("raw"), frame);
    size_t between = 0;
    for (const float value : floats) between += value != std::round(value);
    CHECK(between > floats.size() / 2);
    for (const auto& [name, type] : kIntegers) {
      const std::vector<float> seen = seenBy(mirror(name, type, nhwc), stated("raw"), frame);
      if (seen != rounded(floats, name)) check::fail(__FILE__, __LINE__, name + " is not what floats are, rounded");
    }
  }
}

TEST(a_stated_mean_and_scale_count) {
  NEED_RUNTIME();
  const FrameRef frame = noise(70, 50);
  const StatedSpec spec = stated("raw", {128}, {0.7});
  const std::vector<float> floats = seenBy(mirror("float", kFloat, true), spec, frame);
  CHECK(*std::min_element(floats.begin(), floats.end()) < -50);
  for (const auto& [name, type] : kIntegers) {
    const std::vector<float> seen = seenBy(mirror(name, type, true), spec, frame);
    if (seen != rounded(floats, name)) check::fail(__FILE__, __LINE__, name + " is not what floats are, rounded");
  }
}

TEST(crops_arrive_as_they_are_in_batches_too) {
  NEED_RUNTIME();
  const FrameRef frame = noise(90, 70);
  std::vector<infer::CropRequest> crops;
  for (int i = 0; i < 5; i++) crops.push_back({frame, {5.0f * i, 3.0f * i, 30.0f + 7 * i, 40.0f + 6 * i}, {}, 0});
  const auto embeddings = [&](const std::string& file, const StatedSpec& spec) {
    const auto model = load(file, spec, 4);
    CHECK_EQUAL(model->batch(), 4);
    std::vector<float> values(crops.size() * 3 * kSide * kSide);
    infer::openEmbedder(model)->embed(crops, values.data());
    return values;
  };
  const std::vector<float> floats = embeddings(mirror("float", kFloat, false), stated("embedding", {}, {1}));
  for (const auto& [name, type] : kIntegers)
    if (embeddings(mirror(name, type, false), stated("embedding")) != rounded(floats, name))
      check::fail(__FILE__, __LINE__, name + " is not what floats are, rounded");
}

TEST(what_heads_are_trained_with_is_for_floats) {
  infer::GraphInfo yolo;
  yolo.inputs.push_back({"images", GraphType::float32, {1, 640, 640, 3}, {}});
  yolo.outputs.push_back({"output0", GraphType::float32, {1, 84, 8400}, {}});
  CHECK_NEAR(infer::inferSpec(yolo, {}, "m").scale[0], 1.0 / 255, 1e-9);
  for (const GraphType type : {GraphType::uint8, GraphType::int32, GraphType::int64}) {
    yolo.inputs[0].type = type;
    CHECK_EQUAL(infer::inferSpec(yolo, {}, "m").scale[0], 1.0f);
    CHECK_EQUAL(infer::inferSpec(yolo, stated("yolo", {}, {0.5}), "m").scale[0], 0.5f);
  }
  yolo.metadata = {{"task", "detect"}, {"stride", "32"}, {"names", "{0: 'cat'}"}, {"imgsz", "[640, 640]"}};
  yolo.outputs[0].dims = {1, 5, 8400};
  CHECK_EQUAL(infer::inferSpec(yolo, {}, "m").scale[0], 1.0f);
  infer::GraphInfo classes;  // no scale to be asked for
  classes.inputs.push_back({"images", GraphType::int32, {1, 224, 224, 3}, {}});
  classes.outputs.push_back({"classes", GraphType::float32, {1, 1000}, {}});
  CHECK_EQUAL(infer::inferSpec(classes, stated("classification"), "m").scale[0], 1.0f);
}

// MoveNet as TensorFlow exports it: int32 [1,192,192,3] of 0..255. This one returns given places, as sure as its
// picture is bright.
TEST(a_movenet_that_takes_whole_numbers_finds_its_person) {
  NEED_RUNTIME();
  std::vector<float> places, brightness;
  for (int k = 0; k < 17; k++) {
    places.insert(places.end(), {0.25f + 0.03f * static_cast<float>(k), 0.5f, 0.0f});
    brightness.insert(brightness.end(), {0, 0, 1.0f / 255});
  }
  for (const auto& [name, type] : kIntegers) {
    onnx::Graph graph;
    graph.input({"input", {1, 192, 192, 3}, type});
    graph.constant<float>("places", {1, 1, 17, 3}, places).constant<float>("brightness", {1, 1, 17, 3}, brightness);
    graph.node("Cast", {"input"}, "floats", onnx::Graph::attribute("to", kFloat));
    graph.node("ReduceMean", {"floats"}, "mean");
    graph.node("Mul", {"mean", "brightness"}, "sure");
    graph.node("Add", {"places", "sure"}, "output_0");
    graph.output({"output_0", {1, 1, 17, 3}});
    const auto model = load(writeFile("movenet-" + name + ".onnx", graph.text()));
    CHECK_EQUAL(int(model->spec().head), int(infer::HeadKind::movenet));
    std::vector<uint8_t> gray(static_cast<size_t>(200) * 200 * 3 / 2, 128);
    std::fill_n(gray.begin(), 200 * 200, uint8_t{16 + 219 * 4 / 5});  // 204 of 255
    const FrameRef frame = frameOf(gray, 200, 200, ColorMatrix::bt709);
    std::vector<Detections> found(1);
    infer::openDetector(model)->detect({&frame, 1}, found);
    CHECK_EQUAL(found[0].size(), size_t{1});
    if (found[0].size() != 1) continue;
    CHECK_NEAR(found[0].scores[0], 0.8, 0.005);
    CHECK_EQUAL(found[0].keypointsPer, 17);
    CHECK_NEAR(found[0].keypoints[0], 100, 1e-3);
    CHECK_NEAR(found[0].keypoints[1], 50, 1e-3);
  }
}

TEST_MAIN()
