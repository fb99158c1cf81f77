// Scenes with known boxes, keypoints and classes, written into outputs as each head's models write them, read back.
#include <algorithm>
#include <cmath>
#include <random>

#include "check.h"
#include "core/error.h"
#include "infer/spec.h"
#include "infer_heads.h"

using namespace framepath;
using infer::FoundBoxes;
using infer::HeadKind;
using infer::ModelSpec;
using support::Outputs;

namespace {

struct Thing {
  Box box;
  float score = 0;
  int32_t classId = 0;
  std::vector<float> points, pointScores;
};

ModelSpec specOf(HeadKind head, int32_t width, int32_t height) {
  ModelSpec spec;
  spec.head = head;
  spec.width = width;
  spec.height = height;
  spec.scoreThreshold = 0.4f;
  return spec;
}

// Things that do not overlap, best first, with keypoints inside.
std::vector<Thing> scene(uint32_t seed, int32_t width, int32_t height, int32_t classes, int32_t keypoints) {
  std::mt19937 engine(seed);
  const auto real = [&](double low, double high) {
    return static_cast<float>(low + (high - low) * static_cast<double>(engine() >> 8) * 0x1p-24);
  };
  std::vector<Thing> things;
  for (int row = 0; row < 2; row++)
    for (int column = 0; column < 2; column++) {
      const float x = width * (0.5f * column + 0.25f), y = height * (0.5f * row + 0.25f);
      Thing thing;
      thing.box = {x - real(10, width * 0.2), y - real(10, height * 0.2), x + real(10, width * 0.2),
                   y + real(10, height * 0.2)};
      thing.score = 0.9f - 0.1f * static_cast<float>(things.size());
      thing.classId = static_cast<int32_t>(engine() % static_cast<uint32_t>(classes));
      for (int32_t k = 0; k < keypoints; k++) {
        thing.points.push_back(real(thing.box.x1, thing.box.x2));
        thing.points.push_back(real(thing.box.y1, thing.box.y2));
        thing.pointScores.push_back(real(0.3, 1));
      }
      things.push_back(thing);
    }
  return things;
}

float logit(float probability) {
  return std::log(probability / (1 - probability));
}
float centreX(const Box& box) {
  return (box.x1 + box.x2) / 2;
}
float centreY(const Box& box) {
  return (box.y1 + box.y2) / 2;
}

void near(float found, float expected, float within, const char* what) {
  if (!(std::fabs(found - expected) <= within))
    check::fail(__FILE__, __LINE__,
                std::string(what) + " " + std::to_string(found) + ", expected " + std::to_string(expected));
}

void checkScene(const FoundBoxes& found, const std::vector<Thing>& things, bool pointScores = false) {
  CHECK_EQUAL(found.size(), things.size());
  if (found.size() != things.size()) return;
  CHECK_EQUAL(found.anchors.size(), things.size());
  for (size_t i = 0; i < things.size(); i++) {
    const Thing& thing = things[i];
    near(found.boxes[i].x1, thing.box.x1, 0.02f, "x1");
    near(found.boxes[i].y1, thing.box.y1, 0.02f, "y1");
    near(found.boxes[i].x2, thing.box.x2, 0.02f, "x2");
    near(found.boxes[i].y2, thing.box.y2, 0.02f, "y2");
    near(found.scores[i], thing.score, 1e-5f, "score");
    CHECK_EQUAL(found.classes[i], thing.classId);
    const size_t points = thing.points.size() / 2;
    CHECK_EQUAL(static_cast<size_t>(found.keypointsPer), points);
    for (size_t k = 0; k < 2 * points; k++)
      near(found.keypoints[i * 2 * points + k], thing.points[k], 0.02f, "keypoint");
    CHECK_EQUAL(found.keypointScores.size(), pointScores ? points * things.size() : size_t{0});
    for (size_t k = 0; pointScores && k < points; k++)
      near(found.keypointScores[i * points + k], thing.pointScores[k], 1e-6f, "keypoint score");
  }
}

// The cell of a grid in which a thing's middle lies.
struct Cell {
  int32_t number, x, y;
};
Cell cellOf(const Box& box, int32_t width, int32_t stride) {
  const int32_t columns = (width + stride - 1) / stride;
  const auto x = static_cast<int32_t>(centreX(box)) / stride, y = static_cast<int32_t>(centreY(box)) / stride;
  return {y * columns + x, x, y};
}

}  // namespace

TEST(ultraface_boxes_are_parts_of_the_input) {
  Outputs outputs;
  outputs.add("scores", {2, 4420, 2});
  outputs.add("boxes", {2, 4420, 4});
  const std::vector<Thing> things = scene(1, 320, 240, 1, 0);
  for (size_t i = 0; i < things.size(); i++) {
    const size_t row = 4420 + 37 + 900 * i;  // of the second picture
    outputs.values[0][row * 2] = 1 - things[i].score;
    outputs.values[0][row * 2 + 1] = things[i].score;
    const Box& box = things[i].box;
    const float parts[4] = {box.x1 / 320, box.y1 / 240, box.x2 / 320, box.y2 / 240};
    std::copy(parts, parts + 4, &outputs.values[1][row * 4]);
  }
  const ModelSpec spec = specOf(HeadKind::ultraface, 320, 240);
  CHECK_EQUAL(outputs.decode(spec, 0).size(), size_t{0});
  checkScene(outputs.decode(spec, 1), things);
}

namespace {

// Outputs in InsightFace's order: scores of all strides, boxes, keypoints.
Outputs scrfdOutputs(const std::vector<Thing>& things, int32_t width, int32_t height, bool keypoints, bool flat) {
  Outputs outputs;
  for (const int values : {1, 4, 10})
    for (const int stride : {8, 16, 32}) {
      const int64_t anchors = int64_t{2} * ((width + stride - 1) / stride) * ((height + stride - 1) / stride);
      if (values == 10 && !keypoints) continue;
      const std::string name = std::to_string(values) + "_" + std::to_string(stride);
      outputs.add(name, flat ? std::vector<int64_t>{anchors, values} : std::vector<int64_t>{1, anchors, values});
    }
  for (size_t i = 0; i < things.size(); i++) {
    const size_t g = i % 3;
    const int32_t stride = 8 << g;
    const auto s = static_cast<float>(stride);
    const Cell cell = cellOf(things[i].box, width, stride);
    const size_t anchor = static_cast<size_t>(cell.number) * 2 + i % 2;
    const float x = static_cast<float>(cell.x) * s, y = static_cast<float>(cell.y) * s;
    const Box& box = things[i].box;
    outputs.values[g][anchor] = things[i].score;
    const float distances[4] = {(x - box.x1) / s, (y - box.y1) / s, (box.x2 - x) / s, (box.y2 - y) / s};
    std::copy(distances, distances + 4, &outputs.values[3 + g][anchor * 4]);
    for (size_t k = 0; keypoints && k < 10; k++)
      outputs.values[6 + g][anchor * 10 + k] = (things[i].points[k] - (k % 2 ? y : x)) / s;
  }
  return outputs;
}

}  // namespace

TEST(scrfd_distances_hang_on_the_corners_of_cells) {
  for (const bool flat : {false, true})
    for (const bool keypoints : {true, false}) {
      const std::vector<Thing> things = scene(2, 320, 288, 1, keypoints ? 5 : 0);
      ModelSpec spec = specOf(HeadKind::scrfd, 320, 288);
      spec.fixedBatch = 1;
      const Outputs outputs = scrfdOutputs(things, 320, 288, keypoints, flat);
      checkScene(outputs.decode(spec), things);
      spec.fixedBatch = 0;  // without a batch dimension only models of batch 1 can be recognised
      if (flat) CHECK_ERROR(infer::openHead(spec, outputs.graph), MODEL_UNSUPPORTED);
    }
}

TEST(retinaface_offsets_are_in_prior_sizes) {
  constexpr int32_t kSide = 320;
  const std::vector<Thing> things = scene(3, kSide, kSide, 1, 5);
  Outputs outputs;
  const int64_t anchors = 2 * infer::gridCells(kSide, kSide, false);
  outputs.add("bbox", {1, anchors, 4});
  outputs.add("confidence", {1, anchors, 2});
  outputs.add("landmark", {1, anchors, 10});
  int64_t first = 0;
  for (size_t g = 0; g < 3; g++) {
    const int32_t stride = 8 << g;
    for (size_t i = 0; i < things.size(); i++) {
      if (i % 3 != g) continue;
      const Cell cell = cellOf(things[i].box, kSide, stride);
      const size_t anchor = static_cast<size_t>(first + cell.number * 2) + i % 2;
      const auto side = static_cast<float>((i % 2 ? 4 : 2) * (1 << g) * stride);
      const float x = (static_cast<float>(cell.x) + 0.5f) * static_cast<float>(stride);
      const float y = (static_cast<float>(cell.y) + 0.5f) * static_cast<float>(stride);
      const Box& box = things[i].box;
      const float offsets[4] = {(centreX(box) - x) / (0.1f * side), (centreY(box) - y) / (0.1f * side),
                                std::log(box.width() / side) / 0.2f, std::log(box.height() / side) / 0.2f};
      std::copy(offsets, offsets + 4, &outputs.values[0][anchor * 4]);
      outputs.values[1][anchor * 2 + 1] = things[i].score;
      for (size_t k = 0; k < 10; k++)
        outputs.values[2][anchor * 10 + k] = (things[i].points[k] - (k % 2 ? y : x)) / (0.1f * side);
    }
    first += int64_t{2} * (kSide / stride) * (kSide / stride);
  }
  checkScene(outputs.decode(specOf(HeadKind::retinaface, kSide, kSide)), things);
}

namespace {

// Logits whose softmax has `mean` as the mean of its bins.
void putDistribution(float* bins, int32_t count, float mean) {
  const auto low = static_cast<int32_t>(mean);
  for (int32_t b = 0; b < count; b++) bins[b] = -60;
  bins[low] = std::log(1 - (mean - static_cast<float>(low)) + 1e-9f);
  if (low + 1 < count) bins[low + 1] = std::log(mean - static_cast<float>(low) + 1e-9f);
}

// `plus`: NanoDet-Plus, strides up to 64, anchors at the corners. `together`: one output for all.
void checkNanodet(bool plus, bool together) {
  constexpr int32_t kSide = 320, kClasses = 80, kBins = 8;
  const std::vector<Thing> things = scene(4, kSide, kSide, kClasses, 0);
  Outputs outputs;
  const size_t strides = plus ? 4 : 3;
  if (together) {
    outputs.add("output", {1, infer::gridCells(kSide, kSide, plus), kClasses + 4 * kBins});
  } else {
    for (const bool scores : {true, false})
      for (size_t g = 0; g < strides; g++) {
        const int32_t stride = 8 << g;
        outputs.add((scores ? "cls_pred_stride_" : "dis_pred_stride_") + std::to_string(stride),
                    {1, int64_t{kSide / stride} * (kSide / stride), scores ? kClasses : 4 * kBins});
      }
  }
  size_t first = 0;
  std::vector<bool> put(things.size(), false);
  for (size_t g = 0; g < strides; g++) {
    const int32_t stride = 8 << g;
    for (size_t i = 0; i < things.size(); i++) {
      const Cell cell = cellOf(things[i].box, kSide, stride);
      const auto s = static_cast<float>(stride);
      const float x = (static_cast<float>(cell.x) + (plus ? 0 : 0.5f)) * s;
      const float y = (static_cast<float>(cell.y) + (plus ? 0 : 0.5f)) * s;
      const Box& box = things[i].box;
      const float distances[4] = {(x - box.x1) / s, (y - box.y1) / s, (box.x2 - x) / s, (box.y2 - y) / s};
      const auto [least, most] = std::minmax_element(distances, distances + 4);
      if (put[i] || *least < 0 || *most > kBins - 1) continue;  // another stride's
      put[i] = true;
      const auto number = static_cast<size_t>(cell.number);
      float* scores = together ? &outputs.values[0][(first + number) * (kClasses + 4 * kBins)]
                               : &outputs.values[g][number * kClasses];
      float* bins = together ? scores + kClasses : &outputs.values[strides + g][number * 4 * kBins];
      scores[things[i].classId] = things[i].score;
      for (int32_t d = 0; d < 4; d++) putDistribution(bins + d * kBins, kBins, distances[d]);
    }
    first += static_cast<size_t>(kSide / stride) * static_cast<size_t>(kSide / stride);
  }
  checkScene(outputs.decode(specOf(HeadKind::nanodet, kSide, kSide)), things);
}

}  // namespace

TEST(nanodet_distances_are_means_of_distributions) {
  for (const bool plus : {false, true})
    for (const bool together : {false, true}) checkNanodet(plus, together);
}

TEST(rt_detr_is_read_in_the_three_forms_it_is_exported_in) {
  constexpr int32_t kWidth = 640, kHeight = 480, kClasses = 80, kQueries = 300;
  const std::vector<Thing> things = scene(5, kWidth, kHeight, kClasses, 0);
  Outputs logits, rows, selected;
  logits.add("logits", {1, kQueries, kClasses});
  logits.add("pred_boxes", {1, kQueries, 4});
  rows.add("output0", {1, kQueries, 4 + kClasses});
  selected.add("labels", {1, kQueries});
  selected.add("boxes", {1, kQueries, 4});
  selected.add("scores", {1, kQueries});
  for (float& v : logits.values[0]) v = -9;
  for (size_t i = 0; i < things.size(); i++) {
    const size_t query = 11 + 60 * i;
    const Box& box = things[i].box;
    const auto thingClass = static_cast<size_t>(things[i].classId);
    const float parts[4] = {centreX(box) / kWidth, centreY(box) / kHeight, box.width() / kWidth,
                            box.height() / kHeight};
    logits.values[0][query * kClasses + thingClass] = logit(things[i].score);
    std::copy(parts, parts + 4, &logits.values[1][query * 4]);
    std::copy(parts, parts + 4, &rows.values[0][query * (4 + kClasses)]);
    rows.values[0][query * (4 + kClasses) + 4 + thingClass] = things[i].score;
    selected.values[0][query] = static_cast<float>(thingClass);
    selected.values[2][query] = things[i].score;
    const float corners[4] = {box.x1, box.y1, box.x2, box.y2};
    std::copy(corners, corners + 4, &selected.values[1][query * 4]);
  }
  const ModelSpec spec = specOf(HeadKind::rtDetr, kWidth, kHeight);
  for (const Outputs* outputs : {&logits, &rows, &selected}) checkScene(outputs->decode(spec), things);
  // Two classes of one query are two things there, and no more than the queries are returned.
  logits.values[0][11 * kClasses + 3] = logit(0.95f);
  const FoundBoxes both = logits.decode(spec);
  CHECK_EQUAL(both.size(), things.size() + 1);
  CHECK_EQUAL(both.classes[0], 3);
  CHECK_EQUAL(both.boxes[0].x1, both.boxes[1].x1);
  for (float& v : logits.values[0]) v = 2;
  CHECK_EQUAL(logits.decode(spec).size(), size_t{kQueries});
}

TEST(movenet_finds_people_by_their_keypoints) {
  constexpr float kSide = 192;
  std::vector<Thing> things = scene(6, 192, 192, 1, 17);
  Outputs single, multi;
  single.add("keypoints", {1, 1, 17, 3});
  multi.add("output_0", {1, 6, 56});
  Thing& one = things[0];
  one.score = 0;
  one.box = {1e9f, 1e9f, -1e9f, -1e9f};
  one.pointScores[4] = 0.1f;  // hardly seen: returned, but not part of the box
  for (size_t k = 0; k < 17; k++) {
    const float x = one.points[2 * k], y = one.points[2 * k + 1];
    const float values[3] = {y / kSide, x / kSide, one.pointScores[k]};
    std::copy(values, values + 3, &single.values[0][3 * k]);
    one.score += one.pointScores[k] / 17;
    if (k == 4) continue;
    one.box = {std::min(one.box.x1, x), std::min(one.box.y1, y), std::max(one.box.x2, x), std::max(one.box.y2, y)};
  }
  checkScene(single.decode(specOf(HeadKind::movenet, 192, 192)), {one}, true);
  for (size_t k = 0; k < 17; k++) single.values[0][3 * k + 2] = 0.05f;
  CHECK_EQUAL(single.decode(specOf(HeadKind::movenet, 192, 192)).size(), size_t{0});

  things = scene(7, 192, 192, 1, 17);
  for (size_t i = 0; i < things.size(); i++) {
    float* row = &multi.values[0][(5 - i) * 56];
    for (size_t k = 0; k < 17; k++) {
      row[3 * k] = things[i].points[2 * k + 1] / kSide;
      row[3 * k + 1] = things[i].points[2 * k] / kSide;
      row[3 * k + 2] = things[i].pointScores[k];
    }
    const Box& box = things[i].box;
    const float rest[5] = {box.y1 / kSide, box.x1 / kSide, box.y2 / kSide, box.x2 / kSide, things[i].score};
    std::copy(rest, rest + 5, row + 51);
  }
  checkScene(multi.decode(specOf(HeadKind::movenet, 192, 192)), things, true);
}

TEST(yolo_poses_have_keypoints_with_scores_where_the_model_gives_them) {
  constexpr size_t kCells = 2100;
  for (const size_t step : {2u, 3u}) {
    const std::vector<Thing> things = scene(8, 320, 320, 1, 17);
    Outputs columns, rows;
    columns.add("output0", {1, int64_t(5 + 17 * step), int64_t{kCells}});
    rows.add("output0", {1, 300, int64_t(6 + 17 * step)});
    for (size_t i = 0; i < things.size(); i++) {
      const Thing& thing = things[i];
      const Box& box = thing.box;
      const auto put = [&](size_t value, float v) { columns.values[0][value * kCells + 100 * i + 7] = v; };
      put(0, centreX(box)), put(1, centreY(box)), put(2, box.width()), put(3, box.height()), put(4, thing.score);
      float* row = &rows.values[0][(20 + i) * (6 + 17 * step)];
      const float corners[5] = {box.x1, box.y1, box.x2, box.y2, thing.score};
      std::copy(corners, corners + 5, row);
      for (size_t k = 0; k < 17; k++) {
        const float values[3] = {thing.points[2 * k], thing.points[2 * k + 1], thing.pointScores[k]};
        for (size_t v = 0; v < step; v++) put(5 + step * k + v, values[v]), row[6 + step * k + v] = values[v];
      }
    }
    ModelSpec spec = specOf(HeadKind::yolo, 320, 320);
    spec.labels = {"person"};
    checkScene(columns.decode(spec), things, step == 3);
    spec.head = HeadKind::yoloEnd2end;
    checkScene(rows.decode(spec), things, step == 3);
  }
}

TEST(broken_numbers_of_every_head_find_boxes_with_a_place_or_none) {
  std::mt19937 engine(9);
  const auto value = [&](int how) {
    const uint32_t random = engine();
    if (how == 0) return NAN;
    if (how == 1) return random % 2 ? INFINITY : -INFINITY;
    const float specials[4] = {NAN, INFINITY, -INFINITY, 3e38f};
    return random % 5 == 0 ? specials[random / 8 % 4] : static_cast<float>(random >> 8) * 0x1p-22f - 2;
  };
  struct Shape {
    HeadKind head;
    std::vector<std::pair<std::string, std::vector<int64_t>>> outputs;
  };
  const std::vector<Shape> shapes = {
      {HeadKind::ultraface, {{"s", {1, 500, 2}}, {"b", {1, 500, 4}}}},
      {HeadKind::scrfd,
       {{"a", {1, 512, 1}},
        {"b", {1, 128, 1}},
        {"c", {1, 32, 1}},
        {"d", {1, 512, 4}},
        {"e", {1, 128, 4}},
        {"f", {1, 32, 4}},
        {"g", {1, 512, 10}},
        {"h", {1, 128, 10}},
        {"i", {1, 32, 10}}}},
      {HeadKind::retinaface, {{"a", {1, 672, 4}}, {"b", {1, 672, 2}}, {"c", {1, 672, 10}}}},
      {HeadKind::nanodet, {{"o", {1, 336, 112}}}},
      {HeadKind::rtDetr, {{"logits", {1, 100, 20}}, {"pred_boxes", {1, 100, 4}}}},
      {HeadKind::rtDetr, {{"labels", {1, 100}}, {"boxes", {1, 100, 4}}, {"scores", {1, 100}}}},
      {HeadKind::rtDetr, {{"o", {1, 100, 24}}}},
      {HeadKind::movenet, {{"o", {1, 1, 17, 3}}}},
      {HeadKind::movenet, {{"o", {1, 6, 56}}}},
      {HeadKind::yolo, {{"o", {1, 40, 500}}, {"p", {1, 32, 8, 8}}}},
      {HeadKind::yoloEnd2end, {{"o", {1, 300, 57}}}},
  };
  for (const Shape& shape : shapes)
    for (int how = 0; how < 12; how++) {
      Outputs outputs;
      for (const auto& [name, dims] : shape.outputs) outputs.add(name, dims);
      for (std::vector<float>& values : outputs.values)
        for (float& v : values) v = value(how);
      outputs.type = how % 3 == 2 ? ElementType::float16 : ElementType::float32;
      FoundBoxes found = outputs.decode(specOf(shape.head, 128, 128));
      if (how == 0) CHECK_EQUAL(found.size(), size_t{0});
      infer::keepUsable(found, 20);
      CHECK(found.size() <= 20 && found.scores.size() == found.size() && found.anchors.size() == found.size());
      CHECK_EQUAL(found.keypoints.size(), found.size() * static_cast<size_t>(found.keypointsPer) * 2);
      for (const Box& box : found.boxes)
        for (const float edge : {box.x1, box.y1, box.x2, box.y2}) CHECK(std::isfinite(edge));
    }
}

TEST(outputs_of_other_shapes_than_at_load_are_refused_and_never_read_beyond) {
  Outputs loaded = scrfdOutputs(scene(2, 320, 288, 1, 5), 320, 288, true, false);
  const infer::Head head = infer::openHead(specOf(HeadKind::scrfd, 320, 288), loaded.graph);
  const auto cpu = openDevice("cpu");
  const auto queue = cpu->openQueue();
  Outputs::Placed placed = loaded.placedOn(*cpu, *queue);
  std::vector<FoundBoxes> found(1), two(2);
  infer::openHostDecoder(head, *cpu, *queue)->decode(placed.views, found);
  CHECK_EQUAL(found[0].size(), size_t{4});
  CHECK_ERROR(infer::openHostDecoder(head, *cpu, *queue)->decode(placed.views, two), INFERENCE_FAILED);
  placed.views[4].dims[1]--;
  CHECK_ERROR(infer::openHostDecoder(head, *cpu, *queue)->decode(placed.views, found), INFERENCE_FAILED);
  CHECK_ERROR(infer::openDeviceDecoder(head, *cpu, *queue, 1)->decode(placed.views, found), INFERENCE_FAILED);
}

TEST(shapes_that_do_not_fit_are_refused) {
  Outputs outputs;
  outputs.add("o", {1, 10, 5});
  outputs.add("p", {1, 9, 4});
  for (const HeadKind head : {HeadKind::ultraface, HeadKind::scrfd, HeadKind::retinaface, HeadKind::nanodet,
                              HeadKind::rtDetr, HeadKind::movenet})
    CHECK_ERROR(infer::openHead(specOf(head, 64, 64), outputs.graph), MODEL_UNSUPPORTED);
  Outputs few;  // fewer coefficients than prototypes
  few.add("o", {1, 20, 500});
  few.add("p", {1, 32, 8, 8});
  CHECK_ERROR(infer::openHead(specOf(HeadKind::yolo, 64, 64), few.graph), MODEL_UNSUPPORTED);
  Outputs rows;
  rows.add("o", {1, 300, 20});
  rows.add("p", {1, 32, 8, 8});
  CHECK_ERROR(infer::openHead(specOf(HeadKind::yoloEnd2end, 64, 64), rows.graph), MODEL_UNSUPPORTED);
}

TEST_MAIN()
