// Random outputs through every head, both ways, against the plain reference: equal bits.
#include <random>

#include "head_reference.h"
#include "infer/spec.h"

using namespace framepath;
using infer::HeadKind;
using infer::ModelSpec;
using support::Outputs;

namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<uint32_t>(n)); }
  bool chance(int oneIn) { return below(oneIn) == 0; }
  float real(float low, float high) { return low + (high - low) * static_cast<float>(engine_() >> 8) * 0x1p-24f; }

 private:
  std::mt19937 engine_;
};

// How the scores of a case are made up.
enum class Scores { some, ties, none, all, bad };
constexpr const char* kScoreNames[] = {"some", "ties", "none", "all", "not numbers"};

// A probability; `some` are few above the threshold.
float probability(Random& random, Scores how) {
  const float p = random.chance(20) ? random.real(0.5f, 1) : random.real(0, 0.5f);
  switch (how) {
    case Scores::some: return p;
    case Scores::ties: return static_cast<float>(static_cast<int>(p * 8)) / 8;
    case Scores::none: return random.real(0, 0.2f);
    case Scores::all: return random.real(0.8f, 1);
    case Scores::bad: return random.chance(4) ? NAN : random.chance(10) ? INFINITY : p;
  }
  return 0;
}

struct Case {
  ModelSpec spec;
  Outputs outputs;
  int32_t items = 1;
};

Case blazeface(Random& random, Scores how) {
  Case c;
  c.spec.head = HeadKind::blazeface;
  c.spec.width = c.spec.height = 256;
  c.items = 1 + random.below(3);
  for (const int rows : {512, 384}) {
    c.outputs.add("s", {c.items, rows, 1});
    for (float& v : c.outputs.values.back()) {
      const float p = probability(random, how);
      v = how == Scores::all ? random.real(1, 20)
          : std::isfinite(p) ? std::log(p + 1e-6f) - std::log(1 - p + 1e-6f)
                             : p;
    }
    c.outputs.add("b", {c.items, rows, 16});
    for (float& v : c.outputs.values.back()) v = random.real(-40, 40);
  }
  return c;
}

Case yunet(Random& random, Scores how) {
  Case c;
  c.spec.head = HeadKind::yunet;
  c.spec.width = 32 * (1 + random.below(6));
  c.spec.height = 32 * (1 + random.below(6));
  c.items = 1 + random.below(3);
  for (const int stride : {8, 16, 32}) {
    const int64_t cells = int64_t{c.spec.width / stride} * (c.spec.height / stride);
    for (const auto& [kind, values] : {std::pair{"kps_", 10}, {"cls_", 1}, {"bbox_", 4}, {"obj_", 1}}) {
      c.outputs.add(kind + std::to_string(stride), {c.items, cells, values});
      for (float& v : c.outputs.values.back()) v = values == 1 ? probability(random, how) : random.real(-2, 2);
    }
  }
  return c;
}

Case yoloColumns(Random& random, Scores how) {
  Case c;
  c.spec.head = HeadKind::yolo;
  c.spec.width = c.spec.height = 320;
  c.items = 1 + random.below(3);
  const int classes = 1 + random.below(5), keypoints = random.chance(3) ? 1 + random.below(17) : 0;
  const int step = random.chance(2) ? 3 : 2;
  if (keypoints) c.spec.labels.assign(static_cast<size_t>(classes), "thing");
  const int rows = 4 + classes + keypoints * step;
  const int cells = rows + 1 + random.below(how == Scores::all ? 6000 : 2000);
  c.outputs.add("o", {c.items, rows, cells});
  for (int i = 0; i < c.items; i++)
    for (int r = 0; r < rows; r++)
      for (int k = 0; k < cells; k++) {
        float& v = c.outputs.values[0][(static_cast<size_t>(i) * rows + r) * cells + k];
        v = r >= 4 && r < 4 + classes ? probability(random, how) : random.real(r < 2 ? 0 : 10, r < 2 ? 320 : 60);
      }
  return c;
}

// v5, and with a grid YOLOX.
Case yoloRows(Random& random, Scores how, HeadKind head) {
  Case c;
  c.spec.head = head;
  c.spec.width = 32 * (1 + random.below(8));
  c.spec.height = 32 * (1 + random.below(8));
  if (head == HeadKind::yolox && random.chance(3)) c.spec.width += 7;
  c.items = 1 + random.below(3);
  const int classes = 1 + random.below(5);
  const bool four = random.chance(2);
  const int64_t rows = head == HeadKind::yolox ? infer::gridCells(c.spec.width, c.spec.height, four)
                                               : 5 + classes + random.below(how == Scores::all ? 6000 : 2000);
  c.outputs.add("o", {c.items, rows, 5 + classes});
  std::vector<float>& values = c.outputs.values[0];
  for (size_t i = 0; i < values.size(); i++) {
    const size_t column = i % static_cast<size_t>(5 + classes);
    values[i] = column >= 4               ? probability(random, column == 4 && how == Scores::some ? Scores::all : how)
                : head == HeadKind::yolox ? random.real(-2, 2)
                                          : random.real(column < 2 ? 0 : 10, column < 2 ? 256 : 60);
  }
  return c;
}

Case end2end(Random& random, Scores how) {
  Case c;
  c.spec.head = HeadKind::yoloEnd2end;
  c.spec.width = c.spec.height = 640;
  c.items = 1 + random.below(3);
  c.outputs.add("o", {c.items, random.below(400), 6});
  std::vector<float>& values = c.outputs.values[0];
  for (size_t i = 0; i < values.size(); i++)
    values[i] = i % 6 == 4   ? probability(random, how)
                : i % 6 == 5 ? (random.chance(10) ? NAN : static_cast<float>(random.below(90) - 5))
                             : random.real(0, 640);
  return c;
}

Case build(int head, Random& random, Scores how) {
  switch (head) {
    case 0: return blazeface(random, how);
    case 1: return yunet(random, how);
    case 2: return yoloColumns(random, how);
    case 3: return yoloRows(random, how, HeadKind::yolo);
    case 4: return yoloRows(random, how, HeadKind::yolox);
    default: return end2end(random, how);
  }
}
constexpr const char* kHeads[] = {"blazeface", "yunet", "yolo columns", "yolo rows", "yolox", "end to end"};

void checkCases(const std::vector<Scores>& kinds, ElementType type, uint32_t cases) {
  for (int head = 0; head < 6; head++)
    for (const Scores how : kinds)
      for (uint32_t seed = check::firstSeed(), end = seed + cases; seed != end; seed++) {
        Random random(seed * 31 + static_cast<uint32_t>(head));
        Case c = build(head, random, how);
        c.outputs.type = type;
        c.spec.scoreThreshold = random.chance(2) ? 0.5f : random.real(0.2f, 0.7f);
        c.spec.iouThreshold = random.real(0.1f, 0.7f);
        const std::vector<infer::FoundBoxes> found = c.outputs.decodeItems(c.spec, c.items);
        support::ReferenceHead reference(c.spec, c.outputs);
        for (int32_t i = 0; i < c.items; i++) {
          Detections expected = reference.decode(i);
          expected.keypointsPer = found[static_cast<size_t>(i)].keypointsPer;
          if (!support::sameDetections(found[static_cast<size_t>(i)], expected))
            check::fail(__FILE__, __LINE__,
                        std::string(kHeads[head]) + ", scores " + kScoreNames[static_cast<int>(how)] + ", seed " +
                            std::to_string(seed) + ": " + std::to_string(found[static_cast<size_t>(i)].size()) +
                            " boxes, expected " + std::to_string(expected.size()));
        }
        if (check::failures() > 10) return;
      }
}

}  // namespace

TEST(random_outputs_give_the_reference_boxes_both_ways) {
  checkCases({Scores::some, Scores::ties, Scores::none, Scores::bad}, ElementType::float32, 6);
}

TEST(more_boxes_than_the_limit_are_cut_at_the_same_one) {
  checkCases({Scores::all}, ElementType::float32, 3);
}

TEST(half_outputs_are_read_where_they_lie) {
  checkCases({Scores::some, Scores::ties, Scores::bad}, ElementType::float16, 3);
}

TEST(only_boxes_cross_back_to_the_host) {
  Random random(7);
  Case c = yoloColumns(random, Scores::some);
  const auto device = testDevice();
  const auto queue = device->openQueue();
  const Outputs::Placed placed = c.outputs.placedOn(*device, *queue);
  const infer::Head head = infer::openHead(c.spec, c.outputs.graph);
  const auto decoder = infer::openDeviceDecoder(head, *device, *queue, c.items);
  const uint64_t images = device->copiedBytes(CopyKind::d2hImage), results = device->copiedBytes(CopyKind::d2hResults);
  std::vector<infer::FoundBoxes> found(static_cast<size_t>(c.items));
  decoder->decode(placed.views, found);
  CHECK_EQUAL(device->copiedBytes(CopyKind::d2hImage), images);
  const uint64_t crossed = device->copiedBytes(CopyKind::d2hResults) - results;
  size_t boxes = 0;
  for (const infer::FoundBoxes& one : found) boxes += one.size();
  const size_t record = 4 * static_cast<size_t>(recordValues(head.args));
  if (device->id().kind == DeviceKind::cpu)
    CHECK_EQUAL(crossed, uint64_t{0});
  else
    CHECK(crossed > 0 && crossed <= (boxes + 65 * static_cast<size_t>(c.items)) * record);
}

TEST_MAIN()
