// What is inferred, what is asked for, what is refused: specs, files, runtimes. Models are made on the spot.
#include <algorithm>

#include "check.h"
#include "core/enum_names.h"
#include "core/error.h"
#include "infer/alignment.h"
#include "infer/detector.h"
#include "infer/embedder.h"
#include "infer/runtime.h"
#include "infer/sha256.h"
#include "infer/spec.h"
#include "infer/suppress.h"
#include "infer_support.h"

using namespace framepath;
using namespace support;
using infer::GraphInfo;
using infer::HeadKind;
using infer::StatedSpec;

namespace {

GraphInfo graphOf(std::vector<int64_t> input, std::vector<std::vector<int64_t>> outputs) {
  GraphInfo graph;
  graph.inputs.push_back({"images", infer::GraphType::float32, std::move(input), {}});
  for (size_t i = 0; i < outputs.size(); i++)
    graph.outputs.push_back({"output" + std::to_string(i), infer::GraphType::float32, outputs[i], {}});
  return graph;
}

HeadKind inferredHead(const GraphInfo& graph) {
  return infer::inferSpec(graph, {}, "m").head;
}

Error caught(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& e) {
    return e;
  }
  check::fail(__FILE__, __LINE__, "nothing was thrown");
  return Error(ErrorCode::INTERNAL, "");
}

bool mentions(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  std::printf("  \"%s\" lacks \"%s\"\n", text.c_str(), part.c_str());
  return false;
}

// A model whose embeddings are its input's pixels: what an embedder sees becomes visible.
std::string mirrorModel(int64_t side, const std::vector<std::pair<std::string, std::string>>& metadata = {}) {
  return writeFile(
      "mirror" + std::to_string(side) + std::to_string(metadata.size()) + ".onnx",
      onnx::model("Flatten", {"image", {-1, 3, side, side}}, {"embedding", {-1, 3 * side * side}}, metadata));
}

// Gray ramp: luma 16 + x in every row, so that a pixel's value gives its column.
FrameRef rampFrame(int32_t width, int32_t height) {
  std::vector<uint8_t> i420(static_cast<size_t>(width) * height * 3 / 2, 128);
  for (int32_t y = 0; y < height; y++)
    for (int32_t x = 0; x < width; x++) i420[static_cast<size_t>(y) * width + x] = static_cast<uint8_t>(16 + x);
  return frameOf(i420, width, height, ColorMatrix::bt709);
}

}  // namespace

TEST(sha256_gives_the_published_vectors) {
  const auto hash = [](const std::string& text) {
    infer::Sha256 sha;
    for (size_t i = 0; i < text.size(); i += 37) sha.add(text.data() + i, std::min<size_t>(37, text.size() - i));
    return sha.finish();
  };
  CHECK_EQUAL(hash(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  CHECK_EQUAL(hash("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK_EQUAL(hash(std::string(1000000, 'a')),
              std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

TEST(heads_are_inferred_from_outputs) {
  const std::vector<int64_t> face{1, 256, 256, 3}, big{1, 3, 640, 640};
  CHECK_EQUAL(int(inferredHead(graphOf(face, {{1, 512, 1}, {1, 384, 1}, {1, 512, 16}, {1, 384, 16}}))),
              int(HeadKind::blazeface));
  CHECK_EQUAL(int(inferredHead(graphOf({-1, 3, 256, 256}, {{-1, 384, 16}, {-1, 512, 16}, {-1, 384, 1}, {-1, 512, 1}}))),
              int(HeadKind::blazeface));
  CHECK_EQUAL(int(inferredHead(graphOf(big, {{1, 84, 8400}}))), int(HeadKind::yolo));
  CHECK_EQUAL(int(inferredHead(graphOf(big, {{1, 6, 8400}}))), int(HeadKind::yolo));
  CHECK_EQUAL(int(inferredHead(graphOf(big, {{1, 25200, 85}}))), int(HeadKind::yolo));
  CHECK_EQUAL(int(inferredHead(graphOf(big, {{1, 116, 8400}, {1, 32, 160, 160}}))), int(HeadKind::yolo));
  CHECK_EQUAL(int(inferredHead(graphOf({1, 3, 416, 416}, {{1, 3549, 85}}))), int(HeadKind::yolox));
  CHECK_EQUAL(int(infer::headFromOutputs(graphOf(big, {{1, 300, 6}}), 640, 640).value()), int(HeadKind::yoloEnd2end));
}

TEST(heads_of_faces_people_and_queries_are_inferred_from_outputs) {
  const std::vector<int64_t> big{1, 3, 640, 640}, small{1, 3, 320, 320};
  const auto headOf = [](const GraphInfo& graph) { return std::string(nameOf(inferredHead(graph))); };
  const auto named = [&](std::vector<int64_t> input,
                         std::vector<std::pair<std::string, std::vector<int64_t>>> outputs) {
    GraphInfo graph = graphOf(std::move(input), {});
    for (const auto& [name, dims] : outputs) graph.outputs.push_back({name, infer::GraphType::float32, dims, {}});
    return headOf(graph);
  };
  CHECK_EQUAL(headOf(graphOf({1, 3, 240, 320}, {{1, 4420, 2}, {1, 4420, 4}})), std::string("ultraface"));
  const std::vector<std::vector<int64_t>> scrfd = {{1, 12800, 1},  {1, 3200, 1},  {1, 800, 1},
                                                   {1, 12800, 4},  {1, 3200, 4},  {1, 800, 4},
                                                   {1, 12800, 10}, {1, 3200, 10}, {1, 800, 10}};
  CHECK_EQUAL(headOf(graphOf(big, scrfd)), std::string("scrfd"));
  CHECK_EQUAL(headOf(graphOf(big, {scrfd.begin(), scrfd.begin() + 6})), std::string("scrfd"));
  // InsightFace's own: any size, no batch dimension.
  const GraphInfo insight = graphOf({1, 3, -1, -1}, {{-1, 1}, {-1, 1}, {-1, 1}, {-1, 4}, {-1, 4}, {-1, 4}});
  CHECK_EQUAL(headOf(insight), std::string("scrfd"));
  CHECK_EQUAL(infer::inferSpec(insight, {}, "m").width, 640);
  CHECK_EQUAL(headOf(graphOf(big, {{1, 16800, 4}, {1, 16800, 2}, {1, 16800, 10}})), std::string("retinaface"));
  CHECK_EQUAL(headOf(graphOf(small, {{1, 2100, 112}})), std::string("nanodet"));
  CHECK_EQUAL(headOf(graphOf({1, 3, 416, 416}, {{1, 3598, 112}})), std::string("nanodet"));
  CHECK_EQUAL(headOf(graphOf(small, {{1, 2100, 85}})), std::string("yolox"));
  CHECK_EQUAL(named(small, {{"cls_pred_stride_8", {1, 1600, 80}}, {"dis_pred_stride_8", {1, 1600, 32}}}),
              std::string("nanodet"));
  CHECK_EQUAL(named(big, {{"logits", {1, 300, 80}}, {"pred_boxes", {1, 300, 4}}}), std::string("rt-detr"));
  CHECK_EQUAL(named(big, {{"labels", {1, 300}}, {"boxes", {1, 300, 4}}, {"scores", {1, 300}}}), std::string("rt-detr"));
  CHECK_EQUAL(headOf(graphOf({1, 3, 192, 192}, {{1, 1, 17, 3}})), std::string("movenet"));
  CHECK_EQUAL(headOf(graphOf({1, 3, 256, 256}, {{1, 6, 56}})), std::string("movenet"));

  GraphInfo ultralytics = graphOf(big, {{1, 300, 84}});
  std::string names;
  for (int i = 0; i < 80; i++) names += "'" + std::to_string(i) + "',";
  ultralytics.metadata = {{"task", "detect"}, {"stride", "32"}, {"names", names}};
  const infer::ModelSpec spec = infer::inferSpec(ultralytics, {}, "m");
  CHECK_EQUAL(std::string(nameOf(spec.head)), std::string("rt-detr"));
  CHECK_EQUAL(int(spec.resize), int(infer::Resize::stretch));
  CHECK_EQUAL(spec.scale[0], 1 / 255.0f);

  // RT-DETR's and D-FINE's own exports have an input for the size of the picture; other second inputs are refused.
  GraphInfo sized = graphOf(big, {});
  for (const auto& [name, dims] : std::vector<std::pair<std::string, std::vector<int64_t>>>{
           {"labels", {-1, 300}}, {"boxes", {-1, 300, 4}}, {"scores", {-1, 300}}})
    sized.outputs.push_back({name, infer::GraphType::float32, dims, {}});
  sized.inputs.push_back({"orig_target_sizes", infer::GraphType::int64, {-1, 2}, {}});
  CHECK_EQUAL(headOf(sized), std::string("rt-detr"));
  sized.inputs[1].name = "something";
  CHECK_ERROR(infer::inferSpec(sized, {}, "m"), MODEL_UNSUPPORTED);
  for (const char* name : {"blazeface", "yunet", "scrfd", "retinaface", "ultraface", "yolo", "yolo-end2end", "yolox",
                           "nanodet", "rt-detr", "movenet", "embedding", "classification", "raw"})
    CHECK_EQUAL(std::string(nameOf(valueNamed<infer::HeadKind>(name).value())), std::string(name));
}

TEST(what_cannot_be_inferred_is_asked_for_by_name) {
  const Error vague = caught([] { infer::inferSpec(graphOf({-1, 3, 112, 112}, {{-1, 512}}), {}, "mystery"); });
  CHECK_EQUAL(int(vague.code), int(ErrorCode::MODEL_SPEC_NEEDED));
  CHECK(mentions(vague.sentence, "mystery") && mentions(vague.sentence, "images float32 [?,3,112,112]") &&
        mentions(vague.sentence, "output0"));
  CHECK(mentions(vague.hint, "embedding") && mentions(vague.hint, "classification"));
  StatedSpec head;
  head.head = "embedding";
  const Error scale = caught([&] { infer::inferSpec(graphOf({-1, 3, 112, 112}, {{-1, 512}}), head, "mystery"); });
  CHECK_EQUAL(int(scale.code), int(ErrorCode::MODEL_SPEC_NEEDED));
  CHECK(mentions(scale.hint, "scale"));
  const Error end2end = caught([] { infer::inferSpec(graphOf({1, 3, 512, 512}, {{1, 100, 6}}), {}, "m"); });
  CHECK_EQUAL(int(end2end.code), int(ErrorCode::MODEL_SPEC_NEEDED));
  CHECK_ERROR(infer::inferSpec(graphOf({1, 3, 64, 64}, {{1, 9, 9, 9}}), {}, "m"), MODEL_SPEC_NEEDED);
  CHECK_ERROR(infer::inferSpec(graphOf({1, 3, 64, 3}, {{1, 9}}), head, "m"), MODEL_SPEC_NEEDED);  // either layout
  head.scale = {1};
  CHECK_ERROR(infer::inferSpec(graphOf({1, 3, -1, -1}, {{1, 9}}), head, "m"), MODEL_SPEC_NEEDED);  // no size
}

// Everything that is missing in one error, so that it is asked once.
TEST(all_missing_facts_of_an_embedder_are_asked_for_at_once) {
  StatedSpec stated;
  stated.use = infer::ModelUse::embed;
  const GraphInfo graph = graphOf({-1, 3, -1, -1}, {{-1, 192}});
  const Error error = caught([&] { infer::inferSpec(graph, stated, "face.onnx"); });
  CHECK_EQUAL(int(error.code), int(ErrorCode::MODEL_SPEC_NEEDED));
  for (const char* part : {"face.onnx", "size", "mean and scale", "metric", "threshold", "head embedding", "output0"})
    CHECK(mentions(error.sentence, part));
  CHECK(mentions(error.hint,
                 "{ metric: 'cosine', threshold: 0.5, "
                 "facts: { size: [640, 640], mean: [127.5], scale: [0.0078125] } }"));
  CHECK(mentions(error.hint, "--embed-facts size=640x640,mean=127.5,scale=0.0078125,metric=cosine,threshold=0.5"));
  stated.size = {112, 112};
  stated.scale = {0.0078125};
  const Error rest = caught([&] { infer::inferSpec(graph, stated, "face.onnx"); });
  CHECK(mentions(rest.hint, "{ metric: 'cosine', threshold: 0.5 }") && !mentions(rest.hint, "scale"));
  stated.metric = "cosine";
  stated.threshold = 0.4;
  const infer::ModelSpec spec = infer::inferSpec(graph, stated, "face.onnx");
  CHECK(spec.head == HeadKind::embedding && spec.metric == "cosine");
  CHECK_NEAR(spec.threshold, 0.4, 1e-6);
}

TEST(a_threshold_in_the_file_counts_only_for_its_metric) {
  GraphInfo graph = graphOf({-1, 3, 112, 112}, {{-1, 192}});
  graph.metadata = {{"framepath.metric", "cosine"}, {"framepath.threshold", "0.5"}, {"framepath.scale", "1"}};
  StatedSpec stated;
  stated.use = infer::ModelUse::embed;
  CHECK_NEAR(infer::inferSpec(graph, stated, "m").threshold, 0.5, 1e-6);
  stated.metric = "l2";
  CHECK(mentions(caught([&] { infer::inferSpec(graph, stated, "m"); }).sentence, "threshold"));
}

TEST(what_a_model_is_used_for_implies_its_head_where_the_file_shows_none) {
  const GraphInfo graph = graphOf({-1, 3, 112, 112}, {{-1, 512}});
  StatedSpec stated;
  stated.scale = {1};
  for (const auto use : {infer::ModelUse::classify, infer::ModelUse::classifyBoxes}) {
    stated.use = use;
    CHECK(infer::inferSpec(graph, stated, "m").head == HeadKind::classification);
  }
  stated.use = infer::ModelUse::raw;
  CHECK(infer::inferSpec(graph, stated, "m").head == HeadKind::raw);
  CHECK(infer::inferSpec(graphOf({1, 3, 640, 640}, {{1, 84, 8400}}), stated, "m").head == HeadKind::raw);
  stated.use = infer::ModelUse::classify;
  CHECK(infer::inferSpec(graphOf({1, 3, 640, 640}, {{1, 84, 8400}}), stated, "m").head == HeadKind::yolo);
  stated.use = infer::ModelUse::detect;
  const Error error = caught([&] { infer::inferSpec(graph, stated, "m"); });
  CHECK(error.code == ErrorCode::MODEL_SPEC_NEEDED && mentions(error.hint, "{ head: 'yolo' }") &&
        mentions(error.hint, "--detect-facts head=yolo"));
}

TEST(wrong_inputs_and_wrong_options_are_refused) {
  GraphInfo doubles = graphOf({1, 3, 64, 64}, {{1, 9}});
  doubles.inputs[0].type = infer::GraphType::other;
  GraphInfo two = graphOf({1, 3, 64, 64}, {{1, 9}});
  two.inputs.push_back(two.inputs[0]);
  CHECK_ERROR(infer::inferSpec(doubles, {}, "m"), MODEL_UNSUPPORTED);
  CHECK_ERROR(infer::inferSpec(two, {}, "m"), MODEL_UNSUPPORTED);
  CHECK_ERROR(infer::inferSpec(graphOf({1, 128}, {{1, 9}}), {}, "m"), MODEL_UNSUPPORTED);
  CHECK_ERROR(infer::inferSpec(graphOf({1, 7, 64, 64}, {{1, 9}}), {}, "m"), MODEL_UNSUPPORTED);
  const GraphInfo fine = graphOf({1, 3, 640, 640}, {{1, 84, 8400}});
  const auto with = [&](auto set) {
    StatedSpec stated;
    set(stated);
    return infer::inferSpec(fine, stated, "m");
  };
  CHECK_ERROR(with([](StatedSpec& s) { s.head = "magic"; }), INVALID_ARGUMENT);
  CHECK_ERROR(with([](StatedSpec& s) { s.color = "cmyk"; }), INVALID_ARGUMENT);
  CHECK_ERROR(with([](StatedSpec& s) { s.resize = "crop"; }), INVALID_ARGUMENT);
  CHECK_ERROR(with([](StatedSpec& s) { s.mean = {1, 2}; }), INVALID_ARGUMENT);
  CHECK_ERROR(with([](StatedSpec& s) { s.scoreThreshold = 3; }), INVALID_ARGUMENT);
  CHECK_ERROR(with([](StatedSpec& s) { s.size = {640}; }), INVALID_ARGUMENT);
  CHECK_ERROR(with([](StatedSpec& s) { s.size = {320, 320}; }), MODEL_UNSUPPORTED);
  CHECK_EQUAL(with([](StatedSpec& s) { s.scoreThreshold = 0.1; }).scoreThreshold, 0.1f);
}

TEST(exporters_metadata_is_read) {
  GraphInfo graph = graphOf({-1, 3, -1, -1}, {{-1, 6, -1}});
  graph.metadata = {
      {"task", "detect"}, {"stride", "32"}, {"names", "{0: 'cat', 1: \"dog's\"}"}, {"imgsz", "[384, 640]"}};
  StatedSpec stated;
  stated.head = "yolo";
  const infer::ModelSpec spec = infer::inferSpec(graph, stated, "m");
  CHECK((spec.labels == std::vector<std::string>{"cat", "dog's"}));
  CHECK_EQUAL(spec.width, 640);
  CHECK_EQUAL(spec.height, 384);
  CHECK_EQUAL(spec.pad, 114.0f);
  CHECK_EQUAL(int(infer::inferInput(graph, {}, "m").width), 640);

  GraphInfo faces = graphOf({-1, 3, 150, 150}, {{-1, 128}});
  faces.metadata = {{"framepath.head", "embedding"}, {"framepath.mean", "1,2,3"},
                    {"framepath.scale", "0.5"},      {"framepath.metric", "l2"},
                    {"framepath.threshold", ".58"},  {"framepath.fixes", "nchw, pad32"},
                    {"framepath.color", "bgr"},      {"framepath.source.sha256", "abc"},
                    {"framepath.labels", "a, b c"},  {"framepath.scoreThreshold", "0.35"}};
  const infer::ModelSpec face = infer::inferSpec(faces, {}, "m");
  CHECK_EQUAL(int(face.head), int(HeadKind::embedding));
  CHECK_EQUAL(face.align, std::string("dlib"));
  CHECK_EQUAL(face.metric, std::string("l2"));
  CHECK_EQUAL(face.threshold, 0.58f);
  CHECK_EQUAL(face.mean[2], 3.0f);
  CHECK_EQUAL(face.scale[2], 0.5f);
  CHECK(face.bgr);
  CHECK((face.fixes == std::vector<std::string>{"nchw", "pad32"}));
  CHECK_EQUAL(face.sourceSha256, std::string("abc"));
  CHECK((face.labels == std::vector<std::string>{"a", "b c"}));
  CHECK_EQUAL(face.scoreThreshold, 0.35f);
  StatedSpec louder;
  louder.color = "rgb";
  louder.align = "none";
  CHECK(!infer::inferSpec(faces, louder, "m").bgr);
  CHECK_EQUAL(infer::inferSpec(faces, louder, "m").align, std::string("none"));
}

TEST(suppression_keeps_the_best) {
  infer::FoundBoxes found;
  found.boxes = {{50, 0, 60, 10}, {1, 0, 11, 10}, {0, 0, 10, 10}, {0, 0, 10, 10}};
  found.scores = {0.9f, 0.75f, 0.5f, 0.5f};
  found.classes = {0, 0, 0, 1};
  found.anchors = {3, 9, 4, 1};
  infer::FoundBoxes weighted = found;
  infer::suppress(found, 0.5f);
  CHECK((found.scores == std::vector<float>{0.9f, 0.75f, 0.5f}));
  CHECK((found.classes == std::vector<int32_t>{0, 0, 1}));
  CHECK((found.anchors == std::vector<int32_t>{3, 9, 1}));
  infer::suppressWeighted(weighted, 0.5f);
  CHECK_EQUAL(weighted.size(), size_t{2});
  CHECK_NEAR(weighted.boxes[1].x1, 0.75 / 1.75, 1e-6);  // (0.75 * 1 + 0.5 * 0 + 0.5 * 0) / 1.75
  CHECK_EQUAL(weighted.scores[1], 0.75f);
}

TEST(alignment_inverts_a_known_similarity) {
  const infer::CropShape shape{150, 150, "dlib"};
  const double a = 1.8, b = 0.6, cx = 300, cy = 200;  // frame = crop turned, scaled by 1.897 and moved
  infer::CropRequest request;
  request.keypointScheme = 5;
  const auto put = [&](double x, double y) {
    request.keypoints.push_back(static_cast<float>(a * x - b * y + cx));
    request.keypoints.push_back(static_cast<float>(b * x + a * y + cy));
  };
  put(47.7, 47.1), put(100.3, 47.1), put(74, 76.6), put(60, 103), put(88, 103);
  const infer::Affine map = infer::cropMap(shape, request);
  CHECK_NEAR(map.a, a, 1e-4);
  CHECK_NEAR(map.b, -b, 1e-4);
  CHECK_NEAR(map.c, cx, 1e-2);
  CHECK_NEAR(map.d, b, 1e-4);
  CHECK_NEAR(map.f, cy, 1e-2);
  request.keypoints.assign(10, 5.0f);  // all points in one place: the box decides
  request.box = {100, 100, 220, 200};
  const infer::Affine box = infer::cropMap(shape, request);
  CHECK_NEAR(box.a, 144.0 / 150, 1e-9);
  CHECK_NEAR(box.c, 160 - 72, 1e-6);
  CHECK_NEAR(box.f, 150 - 72, 1e-6);
}

TEST(an_embedder_sees_the_pixels_of_its_box) {
  NEED_RUNTIME();
  const auto model = load(
      mirrorModel(16, {{"framepath.head", "embedding"}, {"framepath.scale", "1"}, {"framepath.align", "none"}}), {}, 8);
  CHECK_EQUAL(model->batch(), 8);
  CHECK_EQUAL(model->spec().embeddingDims, 16 * 16 * 3);
  const auto embedder = infer::openEmbedder(model);
  const FrameRef frame = rampFrame(200, 64);
  std::vector<infer::CropRequest> crops;
  for (int i = 0; i < 11; i++) crops.push_back({frame, {float(10 * i), 8, float(10 * i + 32), 40}, {}, 0});
  std::vector<float> embeddings(crops.size() * 768);
  embedder->embed(crops, embeddings.data());
  for (size_t i = 0; i < crops.size(); i++) {
    for (int x = 0; x < 16; x++) {
      const double column = 10.0 * i + 2 * x + 0.5;  // the mean of two columns, from 16 to 235 stretched to 0..255
      CHECK_NEAR(embeddings[i * 768 + 5 * 16 + x], column * 255 / 219, 0.75);
    }
  }
  // A model with a batch of its own gives the same, whatever the count.
  const std::string four =
      writeFile("four.onnx",
                onnx::model("Flatten", {"image", {4, 3, 16, 16}}, {"embedding", {4, 768}},
                            {{"framepath.head", "embedding"}, {"framepath.scale", "1"}, {"framepath.align", "none"}}));
  const auto fixed = load(four, {}, 1);
  CHECK_EQUAL(fixed->batch(), 4);
  std::vector<float> byFour(embeddings.size());
  infer::openEmbedder(fixed)->embed(crops, byFour.data());
  CHECK(byFour == embeddings);

  // A box half outside shows pad there, and one far away nothing else.
  const std::vector<infer::CropRequest> outside = {{frame, {-16, 8, 16, 40}, {}, 0},
                                                   {frame, {5000, 8, 5032, 40}, {}, 0}};
  embedder->embed(outside, embeddings.data());
  CHECK_EQUAL(embeddings[0], 0.0f);
  CHECK_NEAR(embeddings[9], 2.5 * 255 / 219, 0.75);
  CHECK(std::all_of(&embeddings[768], &embeddings[768 * 2], [](float v) { return v == 0; }));
}

TEST(a_model_with_an_input_for_the_picture_size_gets_it) {
  NEED_RUNTIME();
  // As D-FINE's export_onnx.py ends: boxes in parts of the picture, times orig_target_sizes.
  for (const int64_t batch : {int64_t{1}, int64_t{-1}}) {
    onnx::Graph graph;
    graph.input({"images", {batch, 3, 96, 160}}).input({"orig_target_sizes", {batch, 2}, 7});
    graph.constant<float>("parts", {1, 2, 4}, {0.25f, 0.25f, 0.5f, 0.75f, 0, 0, 1, 1});
    graph.constant<int64_t>("classes", {1, 2}, {7, 3}).constant<float>("sure", {1, 2}, {0.9f, 0.3f});
    graph.constant<int64_t>("axes", {1}, {1});
    graph.node("Cast", {"orig_target_sizes"}, "size", onnx::Graph::attribute("to", 1));
    graph.node("Concat", {"size", "size"}, "sizes", onnx::Graph::attribute("axis", 1));
    graph.node("Unsqueeze", {"sizes", "axes"}, "rows").node("Mul", {"rows", "parts"}, "boxes");
    graph.node("Shape", {"size"}, "shape");  // classes and scores of every picture
    graph.node("Expand", {"classes", "shape"}, "labels").node("Expand", {"sure", "shape"}, "scores");
    graph.output({"labels", {batch, 2}, 7}).output({"boxes", {batch, 2, 4}}).output({"scores", {batch, 2}});
    const auto model = load(writeFile("dfine.onnx", graph.text()), {}, 4);
    CHECK_EQUAL(std::string(nameOf(model->spec().head)), std::string("rt-detr"));
    const auto detector = infer::openDetector(model);
    const std::vector<FrameRef> frames(3, rampFrame(200, 64));
    std::vector<Detections> found(3);
    detector->detect(frames, found);
    for (const Detections& one : found) {
      CHECK_EQUAL(one.size(), size_t{1});  // 0.3 is below the threshold
      CHECK_EQUAL(one.classes[0], 7);
      CHECK_NEAR(one.boxes[0].x1, 50, 1e-3);
      CHECK_NEAR(one.boxes[0].y1, 16, 1e-3);
      CHECK_NEAR(one.boxes[0].x2, 100, 1e-3);
      CHECK_NEAR(one.boxes[0].y2, 48, 1e-3);
    }
  }
}

TEST(files_that_are_not_models_are_named) {
  NEED_RUNTIME();
  CHECK_ERROR(load("/no/such/model.onnx"), MODEL_NOT_FOUND);
  CHECK_ERROR(load(""), MODEL_NOT_FOUND);
  CHECK_ERROR(load(temporaryFolder()), MODEL_INVALID);
  const auto refused = [](const std::string& name, const std::string& bytes, const std::string& kind) {
    const Error e = caught([&] { load(writeFile(name, bytes)); });
    CHECK_EQUAL(std::string(errorCodeName(e.code)), std::string("MODEL_INVALID"));
    CHECK(mentions(e.sentence, kind));
  };
  refused("empty.onnx", "", "empty");
  refused("text.onnx", "hello, I am a model\n", "text");
  refused("page.onnx", "<!DOCTYPE html><html>404</html>", "HTML");
  refused("archive.onnx", std::string("PK\x03\x04") + std::string(40, '\0'), "zip");
  refused("lite.onnx", std::string("\x1c\0\0\0TFL3", 8) + std::string(40, '\0'), "TensorFlow Lite");
  refused("pointer.onnx", "version https://git-lfs.github.com/spec/v1\n", "Git LFS");
  refused("noise.onnx", std::string("\x01\x02\x03\xff\xfe", 5) + std::string(200, '\x07'), "not ONNX");
}

TEST(truncated_and_corrupted_models_are_refused_or_run) {
  NEED_RUNTIME();
  std::string good;
  {
    std::ifstream in(mirrorModel(8), std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(in), {});
  }
  StatedSpec stated;
  stated.head = "raw";
  int refused = 0, ran = 0;
  const auto attempt = [&](const std::string& bytes) {
    try {
      const auto raw = infer::openRawModel(load(writeFile("corrupt.onnx", bytes), stated));
      raw->run(rampFrame(32, 32));
      ran++;
    } catch (const Error& e) {
      CHECK(!e.sentence.empty());
      CHECK(e.code != ErrorCode::INTERNAL);
      refused++;
    }
  };
  for (size_t length = 0; length < good.size(); length += 3) attempt(good.substr(0, length));
  uint32_t state = 7;
  for (int i = 0; i < 150; i++) {
    std::string bad = good;
    state = state * 1664525u + 1013904223u;
    bad[(state >> 8) % bad.size()] = static_cast<char>(state >> 3);
    attempt(bad);
  }
  std::printf("  %d refused, %d ran\n", refused, ran);
  CHECK(refused > 50);
}

TEST(a_model_must_fit_what_it_is_opened_as) {
  NEED_RUNTIME();
  const auto embedding = load(mirrorModel(16, {{"framepath.head", "embedding"}, {"framepath.scale", "1"}}));
  CHECK_ERROR(infer::openDetector(embedding), MODEL_UNSUPPORTED);
  CHECK_ERROR(infer::openClassifier(embedding), MODEL_UNSUPPORTED);
  StatedSpec blazeface;
  blazeface.head = "blazeface";
  const Error misfit = caught([&] { load(mirrorModel(16), blazeface); });
  CHECK_EQUAL(int(misfit.code), int(ErrorCode::MODEL_UNSUPPORTED));
  CHECK(mentions(misfit.sentence, "[N,512,1]") && mentions(misfit.sentence, "embedding"));
  const std::string vector = writeFile("vector.onnx", onnx::model("Identity", {"x", {-1, 8}}, {"y", {-1, 8}}));
  CHECK_ERROR(load(vector), MODEL_UNSUPPORTED);
  const std::string doubles =
      writeFile("doubles.onnx", onnx::model("Identity", {"x", {1, 3, 8, 8}, 11}, {"y", {1, 3, 8, 8}, 11}));
  CHECK_ERROR(load(doubles), MODEL_UNSUPPORTED);
  const std::string unknown =
      writeFile("unknown.onnx", onnx::model("Frobnicate", {"x", {1, 3, 8, 8}}, {"y", {1, 192}}));
  CHECK_ERROR(load(unknown), MODEL_UNSUPPORTED);
  CHECK_ERROR(load(mirrorModel(16)), MODEL_SPEC_NEEDED);
  infer::ModelOptions options;
  options.file = mirrorModel(16);
  options.maxBatch = -1;
  CHECK_ERROR(infer::loadModel(runtime(), device(), options), INVALID_ARGUMENT);
}

TEST(runtimes_are_found_named_and_never_mixed) {
  CHECK_ERROR(infer::openRuntime({}), RUNTIME_MISSING);
  const Error missing = caught([] { infer::openRuntime({"/no/such/libonnxruntime.so", "libnosuchruntime.so.9"}); });
  CHECK_EQUAL(int(missing.code), int(ErrorCode::RUNTIME_MISSING));
  CHECK(mentions(missing.sentence, "/no/such/libonnxruntime.so") &&
        mentions(missing.sentence, "libnosuchruntime.so.9"));
  CHECK(mentions(missing.hint, "npm install onnxruntime-node --ignore-scripts"));
  CHECK_ERROR(infer::openRuntime({writeFile("text.so", "not a library")}), RUNTIME_UNUSABLE);
  NEED_RUNTIME();
  const std::string library = environment("FRAMEPATH_ORT_LIBRARY");
  const auto again = infer::openRuntime({"/no/such/libonnxruntime.so", library});
  CHECK(again == runtime());
  CHECK(mentions(again->info().version, "1."));
  const Error second = caught([] {
    infer::openRuntime({writeFile("other.so",
                                  "\x7f"
                                  "ELF another")});
  });
  CHECK_EQUAL(int(second.code), int(ErrorCode::RUNTIME_UNUSABLE));
  CHECK(mentions(second.sentence, again->info().path));
}

TEST_MAIN()
