// Boxes that are hidden on canvases.
#include "check.h"
#include "compose/look_ahead.h"
#include "composing.h"
#include "core/error.h"

using namespace composing;

namespace {

// Whatever is hidden in it loses most of its variance.
FrameRef noisy(int32_t width = 640, int32_t height = 360) {
  return picture(width, height, [](int x, int y) {
    return Yuv{static_cast<uint8_t>((x * 7919 + y * 104729) % 251), 128, 128};
  });
}

}  // namespace

TEST(a_layout_that_changes_hides_what_it_hid) {
  LayoutSpec s = spec(LayoutKind::split, 2);
  s.redact.module = "faces";
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 3);
  const FrameRef checks = picture(640, 360, [](int x, int y) {
    return (x / 8 + y / 8) % 2 ? Yuv{235, 128, 128} : Yuv{16, 128, 128};
  });
  TileInput found = live(checks);
  found.fresh = true;
  found.observations = {{"faces", {{200, 100, 440, 260}}, {0}, {0}, {0.9f}}};
  composer->compose(0, 0, std::vector<TileInput>{found, found});
  // The face is missed in the first picture of the new layout, and still hidden.
  LayoutSpec one = spec(LayoutKind::grid, 1);
  one.redact.module = "faces";
  composer->setLayout(one, std::vector<int32_t>{0}, nullptr, 0);
  found.observations[0].boxes.clear();
  const FrameRef canvas = composer->compose(1, 40'000, std::vector<TileInput>{found});
  CHECK(variance(canvas, {140, 70, 180, 110}) < 0.5 * variance(canvas, {4, 4, 60, 60}));
}

TEST(redaction_hides_what_is_inside_the_boxes_and_nothing_else) {
  for (auto kind : {RedactKind::pixelate, RedactKind::blur})
    for (PixelFormat format : {pixelFormat::yuv420p, pixelFormat::nv12}) {
      LayoutSpec s = spec(LayoutKind::split, 2, 640, 360);
      s.redact.module = "faces";
      s.redact.kind = kind;
      auto composer = makeComposer(s, device(), format, 3);
      const FrameRef noise = noisy(320, 360);
      std::vector<TileInput> inputs{live(noise), live(noise)};
      for (TileInput& input : inputs) input.observations = {{"faces", {}, {}, {}, {}}};
      const FrameRef before = composer->compose(0, 0, inputs);
      inputs[0].observations = {{"faces", {{100, 100, 200, 220}, {-50, 300, 40, 400}, {600, 0, 700, 50}}, {}, {}, {}}};
      const FrameRef after = composer->compose(1, 40'000, inputs);
      const double raw = variance(before, {100, 100, 200, 220}), hidden = variance(after, {100, 100, 200, 220});
      CHECK(hidden < raw / 20);
      CHECK(variance(after, {0, 304, 40, 360}) < raw / 10);
      int changed = 0;
      for (int y = 0; y < 360; y++)
        for (int x = 0; x < 640; x++) {
          const bool near = (x >= 72 && x < 228 && y >= 68 && y < 252) || (x < 66 && y >= 272);
          if (!near) changed += at(before, x, y).y != at(after, x, y).y;
        }
      CHECK_EQUAL(changed, 0);
      // Still hidden while the module has no new result for the same picture.
      inputs[0].fresh = false;
      inputs[0].observations.clear();
      CHECK(variance(composer->compose(2, 80'000, inputs), {100, 100, 200, 220}) < raw / 20);
    }
}

TEST(redaction_of_a_lower_tile_spares_the_tile_above) {
  LayoutSpec s = spec(LayoutKind::custom, 2);
  s.tiles[0].rect = {0, 0, 320, 180};
  s.tiles[1].rect = {80, 40, 160, 120};
  s.tiles[1].z = 1;
  s.redact.module = "faces";
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 1);
  const FrameRef noise = noisy(80, 80);
  std::vector<TileInput> inputs{live(plain(320, 180, kRed)), live(noise)};
  inputs[0].observations = {{"faces", {{60, 20, 200, 160}}, {}, {}, {}}};
  inputs[1].observations = {{"faces", {}, {}, {}, {}}};
  const FrameRef canvas = composer->compose(0, 0, inputs);
  int wrong = 0;
  for (int y = 0; y < 80; y++)
    for (int x = 0; x < 80; x++) wrong += at(canvas, 80 + x, 40 + y).y != at(noise, x, y).y;
  CHECK_EQUAL(wrong, 0);
}

TEST(a_box_that_goes_missing_stays_hidden_for_a_while_where_it_was) {
  LayoutSpec s = spec(LayoutKind::split, 1, 640, 360);
  s.redact.module = "faces";
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 2);
  const FrameRef noise = noisy();
  const Box face{100, 100, 200, 220}, elsewhere{400, 100, 500, 220};
  auto variances = [&](int64_t ms, const std::vector<Box>& found) {
    std::vector<TileInput> inputs{live(noise)};
    inputs[0].observations = {{"faces", found, {}, {}, {}}};
    const FrameRef canvas = composer->compose(ms / 40, ms * 1000, inputs);
    return std::pair{variance(canvas, face), variance(canvas, elsewhere)};
  };
  const double raw = variances(0, {}).first;
  CHECK(variances(40, {face}).first < raw / 20);
  for (int ms = 80; ms <= 1000; ms += 40) {
    const auto [was, now] = variances(ms, {elsewhere});
    CHECK(was < raw / 20 && now < raw / 20);
  }
  const auto [was, now] = variances(1320, {elsewhere});
  CHECK(was > raw / 2 && now < raw / 20);
}

TEST(a_picture_without_a_result_is_hidden_as_a_whole) {
  LayoutSpec s = spec(LayoutKind::split, 1, 640, 360);
  s.redact.module = "faces";
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 2);
  const FrameRef noise = noisy();
  std::vector<TileInput> inputs{live(noise)};
  const double hidden = variance(composer->compose(0, 0, inputs), {0, 0, 640, 360});
  inputs[0].observations = {{"faces", {}, {}, {}, {}}};
  const double raw = variance(composer->compose(1, 40'000, inputs), {0, 0, 640, 360});
  CHECK(hidden < raw / 20);
  inputs[0].observations.clear();
  CHECK(variance(composer->compose(2, 80'000, inputs), {0, 0, 640, 360}) < raw / 20);
  inputs[0].observations = {{"faces", {}, {}, {}, {}}};
  CHECK(variance(composer->compose(3, 120'000, inputs), {0, 0, 640, 360}) > raw / 2);
}

TEST(boxes_that_come_are_hidden_before_they_are_found) {
  const Box whole{0, 0, 640, 360};
  // A face that walks 300 pixels a second is found first at 400 ms.
  const auto faceAt = [](int64_t ms) {
    const float x = 100 + 0.3f * static_cast<float>(ms);
    return Box{x, 100, x + 80, 200};
  };
  std::vector<std::vector<Box>> boxes;
  for (int64_t ms = 0; ms <= 1000; ms += 40) boxes.push_back(ms < 400 ? std::vector<Box>{} : std::vector{faceAt(ms)});
  const auto coming = [&](size_t now) {
    std::vector<FoundBoxes> later;
    for (size_t i = now + 1; i < boxes.size(); i++) later.push_back({static_cast<int64_t>(i) * 40'000, &boxes[i]});
    return comingBoxes(whole, {static_cast<int64_t>(now) * 40'000, &boxes[now]}, later, 1'000'000);
  };
  for (size_t now = 0; now < 10; now++) {
    const std::vector<Box> hidden = coming(now);
    CHECK_EQUAL(hidden.size(), size_t{1});
    const Box face = faceAt(static_cast<int64_t>(now) * 40);
    const float margin = 0.25f * face.width();  // as redaction adds it
    CHECK(hidden[0].x1 - margin <= face.x1 && hidden[0].x2 + margin >= face.x2);
    CHECK(hidden[0].y1 <= face.y1 && hidden[0].y2 >= face.y2);
  }
  CHECK(coming(10).empty());  // found by then
  CHECK(comingBoxes(whole, {0, nullptr}, {}, 1'000'000).empty());
  const FoundBoxes far{1'200'000, &boxes.back()};
  CHECK(comingBoxes(whole, {0, &boxes[0]}, {&far, 1}, 1'000'000).empty());
  const std::vector<Box> crowd(16'000, faceAt(0));
  const FoundBoxes crowded{40'000, &crowd};
  const std::vector<Box> hidden = comingBoxes(whole, {0, &boxes[0]}, {&crowded, 1}, 1'000'000);
  CHECK(hidden.size() == 1 && hidden[0].area() == whole.area());
}

TEST(boxes_that_come_are_hidden_in_the_picture) {
  LayoutSpec s = spec(LayoutKind::split, 1, 640, 360);
  s.redact.module = "faces";
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 2);
  const FrameRef noise = noisy();
  std::vector<TileInput> inputs{live(noise)};
  inputs[0].observations = {{"faces", {}, {}, {}, {}}};
  const double raw = variance(composer->compose(0, 0, inputs), {100, 100, 200, 220});
  inputs[0].coming = {{100, 100, 200, 220}};
  CHECK(variance(composer->compose(1, 40'000, inputs), {100, 100, 200, 220}) < raw / 20);
}

TEST_MAIN()
