// Masks: run lengths as COCO writes them, and prototypes mixed into masks of the frame, on the CPU and on the device.
#include <algorithm>
#include <cmath>
#include <random>

#include "check.h"
#include "infer/mask_decoder.h"
#include "infer/run_lengths.h"
#include "infer_heads.h"
#include "run_lengths_reference.h"

using namespace framepath;
using infer::FoundBoxes;
using infer::HeadKind;
using infer::ModelSpec;
using infer::Placement;
using support::Outputs;

namespace {

// Pixels column by column.
std::vector<bool> pixelsOf(const std::string& text, size_t pixels) {
  std::vector<bool> mask;
  bool inside = false;
  for (const int64_t count : support::runsOf(text)) {
    mask.insert(mask.end(), static_cast<size_t>(std::max<int64_t>(count, 0)), inside);
    inside = !inside;
  }
  CHECK_EQUAL(mask.size(), pixels);
  mask.resize(pixels);
  return mask;
}

std::string textOf(const std::vector<bool>& mask) {
  infer::RunLengths runs;
  for (const bool inside : mask) runs.add(inside, 1);
  return runs.text();
}

// A YOLO that segments: 80 classes, `channels` prototypes.
struct Segments {
  Outputs outputs;
  ModelSpec spec;
  size_t cells = 2100, channels = 4;
  int32_t side = 80;
  bool rows = false;  // selected by the model itself

  explicit Segments(bool rows = false) : rows(rows) {
    spec.head = rows ? HeadKind::yoloEnd2end : HeadKind::yolo;
    spec.width = spec.height = 4 * side;
    spec.scoreThreshold = 0.3f;
    if (rows)
      outputs.add("output0", {1, 300, int64_t(6 + channels)});
    else
      outputs.add("output0", {1, int64_t(84 + channels), int64_t(cells)});
    outputs.add("output1", {1, int64_t(channels), side, side});
  }

  void put(size_t anchor, const Box& box, float score, int32_t classId, const std::vector<float>& coefficients) {
    if (rows) {
      float* row = &outputs.values[0][anchor * (6 + channels)];
      const float values[6] = {box.x1, box.y1, box.x2, box.y2, score, static_cast<float>(classId)};
      std::copy(values, values + 6, row);
      std::copy(coefficients.begin(), coefficients.end(), row + 6);
      return;
    }
    const auto set = [&](size_t value, float v) { outputs.values[0][value * cells + anchor] = v; };
    set(0, (box.x1 + box.x2) / 2), set(1, (box.y1 + box.y2) / 2), set(2, box.width()), set(3, box.height());
    set(4 + static_cast<size_t>(classId), score);
    for (size_t c = 0; c < channels; c++) set(84 + c, coefficients[c]);
  }

  // In the frame, with masks; on the CPU and on the device that is tested the same.
  FoundBoxes decode(const Placement& back, int32_t width, int32_t height) {
    const infer::Head head = infer::openHead(spec, outputs.graph);
    FoundBoxes found;
    for (const std::shared_ptr<Device>& device : {openDevice("cpu"), testDevice()}) {
      const auto queue = device->openQueue();
      const Outputs::Placed placed = outputs.placedOn(*device, *queue);
      std::vector<FoundBoxes> one(1);
      infer::openBoxDecoder(head, *device, *queue, 1)->decode(placed.views, one);
      infer::keepUsable(one[0], infer::kMostMasked);
      infer::mapToFrame(one[0], back);
      infer::MaskDecoder masks(head, *device, *queue);
      for (int round = 0; round < 2; round++) masks.decode(placed.views, 1, 0, back, width, height, one[0]);
      if (device->id().kind != DeviceKind::cpu) CHECK(support::sameDetections(found, one[0]));
      found = one[0];
    }
    return found;
  }
};

double logitAt(const Segments& s, const std::vector<float>& coefficients, const Placement& back, double x, double y) {
  const double scale = s.side / static_cast<double>(s.spec.width);
  const auto cell = [&](double at) { return std::clamp(at * scale - 0.5, 0.0, s.side - 1.0); };
  const double u = cell((x + 0.5 - back.offsetX) / back.scaleX), v = cell((y + 0.5 - back.offsetY) / back.scaleY);
  const auto at = [&](int column, int row) {
    double sum = 0;
    for (size_t c = 0; c < s.channels; c++)
      sum += double{coefficients[c]} *
             s.outputs.values[1][(c * s.side + std::min(row, s.side - 1)) * s.side + std::min(column, s.side - 1)];
    return sum;
  };
  const int column = static_cast<int>(u), row = static_cast<int>(v);
  const double fx = u - column, fy = v - row;
  return (at(column, row) * (1 - fx) + at(column + 1, row) * fx) * (1 - fy) +
         (at(column, row + 1) * (1 - fx) + at(column + 1, row + 1) * fx) * fy;
}

}  // namespace

TEST(run_lengths_are_those_of_cocos_tools) {
  // Runs 2 3 1, runs 0 2 1, and run 100 = 0b00011_00100: worked out by hand after rleToString.
  CHECK_EQUAL(textOf({false, false, true, true, true, false}), std::string("231"));
  CHECK_EQUAL(textOf({true, true, false}), std::string("021"));
  CHECK_EQUAL(textOf(std::vector<bool>(100, false)), std::string("T3"));
  std::mt19937 engine(3);
  for (int i = 0; i < 300; i++) {
    const size_t pixels = 1 + engine() % 3000;
    const uint32_t oneIn = 1 + engine() % 90;
    std::vector<bool> mask;
    for (bool inside = engine() % 2; mask.size() < pixels; inside = !inside)
      mask.insert(mask.end(), 1 + engine() % oneIn, inside);
    mask.resize(pixels);
    const std::string text = textOf(mask);
    CHECK(pixelsOf(text, pixels) == mask);
    infer::RunLengths words;  // 32 at a time gives the same
    for (size_t from = 0; from < pixels; from += 32) {
      uint32_t bits = 0;
      const size_t count = std::min<size_t>(32, pixels - from);
      for (size_t b = 0; b < count; b++) bits |= static_cast<uint32_t>(mask[from + b]) << b;
      words.addBits(bits, static_cast<int32_t>(count));
    }
    CHECK_EQUAL(words.text(), text);
    for (const char c : text) CHECK(c >= '0' && c <= 'o');
  }
}

TEST(a_disc_comes_back_as_a_disc) {
  for (const bool rows : {false, true}) {
    Segments s(rows);
    // Channel 0: distance inside a disc around cell (40, 30), radius 12; channel 1: its opposite; the rest noise.
    for (int y = 0; y < s.side; y++)
      for (int x = 0; x < s.side; x++) {
        const size_t at = static_cast<size_t>(y) * s.side + x;
        const double distance = std::hypot(x + 0.5 - 40, y + 0.5 - 30);
        s.outputs.values[1][at] = static_cast<float>(12 - distance);
        s.outputs.values[1][at + s.side * s.side] = static_cast<float>(distance - 12);
      }
    s.put(5, {100, 60, 220, 180}, 0.9f, 3, {1, 0, 0, 0});
    s.put(250, {0, 0, 320, 320}, 0.8f, 7, {0, 1, 0, 0});
    Placement back;  // a frame of 1280x720 letterboxed into 320x320: 320x180 at y = 70
    back.scaleX = back.scaleY = 4;
    back.offsetY = -70 * 4;
    const FoundBoxes found = s.decode(back, 1280, 720);
    CHECK_EQUAL(found.size(), size_t{2});
    CHECK_EQUAL(found.masks.size(), size_t{2});
    CHECK_EQUAL(found.maskWidth, 1280);
    CHECK_EQUAL(found.maskHeight, 720);
    const std::vector<bool> disc = pixelsOf(found.masks[0], 1280 * 720), rest = pixelsOf(found.masks[1], 1280 * 720);
    size_t area = 0, wrong = 0, both = 0;
    for (int x = 0; x < 1280; x++)
      for (int y = 0; y < 720; y++) {
        const bool inside = disc[static_cast<size_t>(x) * 720 + y];
        area += inside;
        both += inside && rest[static_cast<size_t>(x) * 720 + y];
        // Cell (40, 30) is input (160, 120), frame (640, 200); the radius 48 there, 192 here.
        const double distance = std::hypot(x + 0.5 - 640, y + 0.5 - 200);
        if (std::fabs(distance - 192) > 2) wrong += inside != (distance < 192);
      }
    CHECK_EQUAL(wrong, size_t{0});
    CHECK_NEAR(static_cast<double>(area), 3.14159265 * 192 * 192, 900);
    CHECK(both < 1300);  // the edge itself
  }
}

TEST(random_masks_are_those_of_the_definition) {
  std::mt19937 engine(11);
  const auto real = [&](double low, double high) {
    return static_cast<float>(low + (high - low) * static_cast<double>(engine() >> 8) * 0x1p-24);
  };
  for (int round = 0; round < 4; round++) {
    Segments s(round % 2);
    s.outputs.type = round == 3 ? ElementType::float16 : ElementType::float32;
    for (float& v : s.outputs.values[1]) v = std::round(real(-1, 1) * 64) / 64;
    std::vector<std::vector<float>> coefficients;
    for (size_t i = 0; i < 11; i++) {  // more than go in one launch
      coefficients.push_back({});
      for (size_t c = 0; c < s.channels; c++) coefficients.back().push_back(std::round(real(-1, 1) * 16) / 16);
      const float x = std::round(real(-20, 280)), y = std::round(real(-20, 280));
      s.put(i * 20, {x, y, x + std::round(real(0, 160)), y + std::round(real(0, 160))},
            0.9f - 0.05f * static_cast<float>(i), static_cast<int32_t>(i), coefficients[i]);
    }
    Placement back;
    back.scaleX = 1.5, back.scaleY = 1.25, back.offsetX = -30, back.offsetY = 7;
    const int width = 430, height = 333;
    const FoundBoxes found = s.decode(back, width, height);
    CHECK_EQUAL(found.masks.size(), found.size());
    size_t wrong = 0, inside = 0;
    for (size_t i = 0; i < found.size(); i++) {
      const std::vector<bool> mask = pixelsOf(found.masks[i], static_cast<size_t>(width) * height);
      const Box& box = found.boxes[i];
      for (int x = 0; x < width; x++)
        for (int y = 0; y < height; y++) {
          const bool here = mask[static_cast<size_t>(x) * height + y];
          const bool boxed = x >= box.x1 && x < box.x2 && y >= box.y1 && y < box.y2;
          const double logit = boxed ? logitAt(s, coefficients[static_cast<size_t>(found.classes[i])], back, x, y) : -1;
          inside += here;
          if (std::fabs(logit) > 1e-4) wrong += here != (logit > 0);
        }
    }
    CHECK_EQUAL(wrong, size_t{0});
    CHECK(inside > 1000);
  }
}

TEST(masks_of_nothing_and_of_numbers_that_are_none_are_empty) {
  Segments s;
  s.put(5, {100, 60, 220, 180}, 0.9f, 3, {1, 0, 0, 0});
  s.put(6, {-500, -500, -400, -400}, 0.8f, 4, {1, 0, 0, 0});  // outside the frame
  s.put(7, {50, 50, 50, 80}, 0.7f, 5, {1, 0, 0, 0});          // without a width
  s.put(8, {-3e30f, -3e30f, 3e30f, 3e30f}, 0.6f, 6, {1, 0, 0, 0});
  for (float& v : s.outputs.values[1]) v = NAN;
  const FoundBoxes found = s.decode({}, 320, 320);
  CHECK_EQUAL(found.size(), size_t{4});
  for (const std::string& mask : found.masks) {
    const std::vector<bool> pixels = pixelsOf(mask, 320 * 320);
    CHECK(std::none_of(pixels.begin(), pixels.end(), [](bool inside) { return inside; }));
  }
}

TEST(ten_large_objects_of_a_4k_frame_stay_far_below_a_megabyte) {
  Segments s;
  std::mt19937 engine(5);
  // Smooth shapes with wavy edges, as models give them.
  for (size_t c = 0; c < s.channels; c++)
    for (int y = 0; y < s.side; y++)
      for (int x = 0; x < s.side; x++)
        s.outputs.values[1][(c * s.side + y) * s.side + x] = static_cast<float>(
            30 - std::hypot(x - 40.0, y - 40.0) + 4 * std::sin(0.5 * x + double(c)) * std::cos(0.7 * y));
  for (size_t i = 0; i < 10; i++)
    s.put(i, {10, 10, 310, 310}, 0.9f, static_cast<int32_t>(i), {1, 0.1f * static_cast<float>(i), 0, 0});
  Placement back;
  back.scaleX = 12, back.scaleY = 6.75;
  const FoundBoxes found = s.decode(back, 3840, 2160);
  size_t bytes = 0;
  for (const std::string& mask : found.masks) bytes += mask.size();
  std::printf("  10 masks of 3840x2160: %zu bytes\n", bytes);
  CHECK_EQUAL(found.size(), size_t{10});
  CHECK(bytes > 10 * 5000 && bytes < 500000);
}

TEST_MAIN()
