#include <cmath>

#include "bench/material.h"
#include "bench/window.h"
#include "compose/composer.h"
#include "core/error.h"

namespace framepath::bench {
namespace {

constexpr int64_t kTickUs = 40'000;
constexpr int32_t kCanvases = 8;  // as a composition has

int32_t tilesOf(ComposeLayout layout) {
  switch (layout) {
    case ComposeLayout::whole: return 1;
    case ComposeLayout::split:
    case ComposeLayout::squeeze:
    case ComposeLayout::follow: return 2;
    case ComposeLayout::grid2x2: return 4;
    case ComposeLayout::grid4x4: return 16;
  }
  return 1;
}

framepath::compose::LayoutSpec layoutOf(const ComposeCase& is) {
  using framepath::compose::LayoutKind;
  framepath::compose::LayoutSpec layout;
  const bool row = is.layout != ComposeLayout::grid2x2 && is.layout != ComposeLayout::grid4x4;
  layout.kind = is.layout == ComposeLayout::whole ? LayoutKind::custom : row ? LayoutKind::split : LayoutKind::grid;
  layout.width = is.width;
  layout.height = is.height;
  layout.fpsNum = 25;
  for (int32_t i = 0; i < tilesOf(is.layout); i++) {
    framepath::compose::TileSpec& tile = layout.tiles.emplace_back();
    tile.source = i;
    if (is.layout == ComposeLayout::whole)
      tile.rect = {0, 0, static_cast<float>(is.width), static_cast<float>(is.height)};
    if (is.layout == ComposeLayout::squeeze) tile.fit = framepath::compose::Fit::stretch;
    if (is.layout == ComposeLayout::follow) tile.follow.module = "people";
  }
  return layout;
}

// Two people who walk about, the first one larger.
framepath::compose::TileBoxes peopleAt(int64_t tick, const Frame& frame) {
  framepath::compose::TileBoxes people;
  people.module = "people";
  for (int32_t i = 0; i < 2; i++) {
    const double side = frame.height * (i == 0 ? 0.3 : 0.15);
    const double phase = static_cast<double>(tick) * 0.02 + i * 2.5;
    const double x = (frame.width - side) * (0.5 + 0.4 * std::sin(phase));
    const double y = (frame.height - side) * (0.5 + 0.3 * std::cos(phase * 0.7));
    people.boxes.push_back(
        {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + side), static_cast<float>(y + side)});
    people.tracks.push_back(i + 1);
    people.ids.push_back(i + 1);
    people.scores.push_back(0.9f);
  }
  return people;
}

}  // namespace

Figures compose(const Setting& setting, const ComposeCase& is) {
  const auto device = deviceOf(setting);
  if (is.clips.empty()) throw Error(ErrorCode::INVALID_ARGUMENT, "Expected at least one clip.");
  std::vector<std::vector<FrameRef>> clips;
  const auto composer = framepath::compose::makeComposer(layoutOf(is), device, pixelFormat::yuv420p, kCanvases);
  for (const std::string& clip : is.clips) clips.push_back(coldFrames(device, clip));
  const auto tiles = static_cast<size_t>(tilesOf(is.layout));
  std::vector<framepath::compose::TileInput> inputs(tiles);
  int64_t tick = 0;
  const Window window = measure(setting.minSeconds, [&](Stopwatch& watch) {
    for (size_t t = 0; t < tiles; t++) {
      const std::vector<FrameRef>& frames = clips[t % clips.size()];
      inputs[t].frame = frames[(static_cast<size_t>(tick) + t * 5) % frames.size()];
      inputs[t].fresh = true;
      if (is.layout == ComposeLayout::follow) inputs[t].observations = {peopleAt(tick, *inputs[t].frame)};
    }
    watch.start();
    const FrameRef canvas = composer->compose(tick, tick * kTickUs, inputs);
    waitHost(canvas->ready);
    watch.stop();
    tick++;
    return int64_t{1};
  });
  return figuresOf("compose", "canvas", window,
                   {{"tiles", static_cast<int64_t>(tiles)},
                    {"size", sizeOf(*clips.front().front())},
                    {"canvas", std::to_string(is.width) + "x" + std::to_string(is.height)}});
}

}  // namespace framepath::bench
