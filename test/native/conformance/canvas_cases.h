// composeTiles, pixelate, blur and draw: kernels that work on a 4:2:0 canvas, of 8 bits and (...Deep) of 10.
#pragma once
#include "compose/color.h"
#include "conformance/pictures.h"
#include "conformance/registry.h"

namespace framepath::conformance {

// What the canvas holds before is part of the case.
inline ImageView canvasOf(Random& random, Stage& stage, int32_t width, int32_t height, bool deep = false) {
  const bool pairs = random.chance(2);
  const PixelFormat format =
      deep ? (pairs ? pixelFormat::p010 : pixelFormat::yuv420p10) : (pairs ? pixelFormat::nv12 : pixelFormat::yuv420p);
  return picture(random, stage, format, width, height, Contents::outputInDepth);
}
inline ImageView randomCanvas(Random& random, Stage& stage, bool deep = false) {
  return canvasOf(random, stage, 2 * random.between(1, 70), 2 * random.between(1, 30), deep);
}
// An even rectangle inside the canvas.
inline Rect256 evenRect(Random& random, const ImageView& canvas) {
  Rect256 r;
  r.width = 2 * random.between(1, canvas.width / 2);
  r.height = 2 * random.between(1, canvas.height / 2);
  r.x = 2 * random.between(0, (canvas.width - r.width) / 2);
  r.y = 2 * random.between(0, (canvas.height - r.height) / 2);
  return r;
}

inline ComposeArgs randomCompose(Random& random, Stage& stage, bool deep) {
  ComposeArgs a{};
  a.canvas = randomCanvas(random, stage, deep);
  for (uint16_t& value : a.background) value = static_cast<uint16_t>(random.below(deep ? 1024 : 256));
  a.clear = random.chance(2);
  a.count = random.below(5);
  const bool allCopied = random.chance(3);  // a grid of its own
  for (int32_t i = 0; i < a.count; i++) {
    const PixelFormat format = deep ? a.canvas.format : random.chance(2) ? pixelFormat::yuv420p : pixelFormat::nv12;
    const ImageView source = allCopied ? picture(random, stage, format, a.canvas.width + random.below(9),
                                                 a.canvas.height + random.below(9), Contents::inDepth)
                                       : randomPicture(random, stage, Contents::inDepth);
    const Rect256 to = evenRect(random, a.canvas);
    Rect256 from{0, 0, source.width * 256, source.height * 256};
    if (random.chance(2)) {
      from.width = random.between(1, source.width * 256);
      from.height = random.between(1, source.height * 256);
      from.x = random.between(0, source.width * 256 - from.width);
      from.y = random.between(0, source.height * 256 - from.height);
    }
    // Exactly 1:1 and 2:1 have code of their own.
    const int32_t exact = random.between(1, 2);
    if (random.chance(3) && to.width * exact <= source.width) from.x = 0, from.width = to.width * 256 * exact;
    if (random.chance(3) && to.height * exact <= source.height) from.y = 0, from.height = to.height * 256 * exact;
    // So have whole cells that are copied.
    const bool copied = (allCopied || random.chance(3)) && to.width <= source.width && to.height <= source.height;
    if (copied) {
      from = {random.between(0, (source.width - to.width) / 2) * 512,
              random.between(0, (source.height - to.height) / 2) * 512, to.width * 256, to.height * 256};
    }
    placeComposeTile(a.tiles[i], source, from.x, from.y, from.width, from.height, to.x, to.y, to.width, to.height);
    a.tiles[i].alpha = copied || random.chance(2) ? 256 : random.between(0, 256);
    const bool direct = copied && (allCopied || !random.chance(4));
    compose::setTileColor(a.tiles[i], direct ? source.matrix : random.pick(kMatrices),
                          direct ? source.range : random.pick(kRanges), a.canvas.format.depth);
  }
  return a;
}
RANDOM_CASE(composeTiles) {
  ComposeArgs a = randomCompose(random, stage, false);
  const Grid grid = composeGrid(a);
  stage.launch(a, grid);
}
RANDOM_CASE(composeTilesDeep) {
  DeepComposeArgs a{randomCompose(random, stage, true)};
  const Grid grid = composeGrid(a.args);
  stage.launch(a, grid);
}
inline int32_t divideUp(int32_t a, int32_t b) {
  return (a + b - 1) / b;
}

inline Grid randomPixelate(Random& random, Stage& stage, PixelateArgs& a, bool deep) {
  a.canvas = randomCanvas(random, stage, deep);
  const Rect256 box = evenRect(random, a.canvas);
  a.x = box.x, a.y = box.y, a.width = box.width, a.height = box.height;
  a.block = 2 * random.between(1, 20);
  return {divideUp(a.width, a.block), divideUp(a.height, a.block), 3};
}
RANDOM_CASE(pixelate) {
  PixelateArgs a{};
  const Grid grid = randomPixelate(random, stage, a, false);
  stage.launch(a, grid);
}
RANDOM_CASE(pixelateDeep) {
  DeepPixelateArgs a{};
  const Grid grid = randomPixelate(random, stage, a.args, true);
  stage.launch(a, grid);
}
PERF_CASE(pixelateDeep, box, "a box of 400x400") {
  PixelateArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080, true);
  a.x = 500, a.y = 300, a.width = a.height = 400, a.block = 40;
  stage.launch(DeepPixelateArgs{a}, {10, 10, 3});
}
PERF_CASE(pixelate, box, "a box of 400x400") {
  PixelateArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080);
  a.x = 500, a.y = 300, a.width = a.height = 400, a.block = 40;
  stage.launch(a, {10, 10, 3});
  stage.touches(size_t{400} * 400 * 3);
}

inline Grid randomBlur(Random& random, Stage& stage, BlurArgs& a, bool deep) {
  a.canvas = randomCanvas(random, stage, deep);
  const Rect256 box = evenRect(random, a.canvas);
  a.x = box.x, a.y = box.y, a.width = box.width, a.height = box.height;
  a.radius = random.chance(8) ? random.between(40, 3000) : random.between(2, 40);
  std::vector<uint8_t> scratch = randomBytes(random, static_cast<size_t>(a.width) * a.height * 3 / 2 * (deep ? 2 : 1));
  if (deep) keepDepth(scratch, pixelFormat::yuv420p10);
  a.scratch = stage.output(scratch);
  a.vertical = random.chance(2);
  const int32_t length = a.vertical ? a.height : a.width, lines = a.vertical ? a.width : a.height;
  return {divideUp(length, kBlurRun), lines, 3};
}
RANDOM_CASE(blur) {
  BlurArgs a{};
  const Grid grid = randomBlur(random, stage, a, false);
  stage.launch(a, grid);
}
RANDOM_CASE(blurDeep) {
  DeepBlurArgs a{};
  const Grid grid = randomBlur(random, stage, a.args, true);
  stage.launch(a, grid);
}
PERF_CASE(blurDeep, rows, "one pass over a box of 400x400") {
  BlurArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080, true);
  a.x = 500, a.y = 300, a.width = a.height = 400, a.radius = 20;
  a.scratch = stage.output(size_t{400} * 1200);
  stage.launch(DeepBlurArgs{a}, {divideUp(400, kBlurRun), 400, 3});
}
PERF_CASE(blur, rows, "one pass over a box of 400x400") {
  BlurArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080);
  a.x = 500, a.y = 300, a.width = a.height = 400, a.radius = 20;
  a.scratch = stage.output(size_t{400} * 600);
  stage.launch(a, {divideUp(400, kBlurRun), 400, 3});
  stage.touches(size_t{400} * 400 * 3);
}

inline Grid randomDraw(Random& random, Stage& stage, DrawArgs& a, bool deep) {
  a.canvas = randomCanvas(random, stage, deep);
  a.count = random.below(8);
  for (uint8_t& c : a.characters) c = static_cast<uint8_t>(random.between(32, 126));
  for (int32_t i = 0; i < a.count; i++) {
    DrawItem& item = a.items[i];
    item.kind = static_cast<DrawKind>(random.below(3));
    item.x = static_cast<int16_t>(random.between(-20, a.canvas.width / 2));
    item.y = static_cast<int16_t>(random.between(-20, a.canvas.height / 2));
    item.width = static_cast<int16_t>(random.between(0, 70));
    item.height = static_cast<int16_t>(random.between(0, 40));
    item.size = static_cast<uint8_t>(random.between(1, 4));
    item.alpha = static_cast<uint8_t>(random.between(0, 128));
    for (uint16_t& value : item.color) value = static_cast<uint16_t>(random.below(deep ? 1024 : 256));
    item.text = static_cast<int16_t>(random.below(kMaxDrawCharacters - 20));
    item.length = static_cast<int16_t>(random.below(20));
  }
  return {a.canvas.width / 2, a.canvas.height / 2, 1};
}
RANDOM_CASE(draw) {
  DrawArgs a{};
  const Grid grid = randomDraw(random, stage, a, false);
  stage.launch(a, grid);
}
RANDOM_CASE(drawDeep) {
  DeepDrawArgs a{};
  const Grid grid = randomDraw(random, stage, a.args, true);
  stage.launch(a, grid);
}
inline DrawArgs labels(Random& random, Stage& stage, bool deep) {
  DrawArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080, deep);
  a.count = 40;
  for (uint8_t& c : a.characters) c = 'A';
  for (int16_t i = 0; i < 20; i++) {
    const auto x = static_cast<int16_t>(30 * i), y = static_cast<int16_t>(15 * i);
    a.items[2 * i] = {x, y, 150, 150, DrawKind::outline, 1, 128, {180, 80, 90}, 0, 0};
    a.items[2 * i + 1] = {x, y, 80, 8, DrawKind::text, 1, 128, {235, 128, 128}, 0, 12};
  }
  stage.touches(size_t{20} * (600 + 640) * (deep ? 24 : 12));
  return a;
}
PERF_CASE(draw, labels, "20 boxes with labels on 1080p") {
  stage.launch(labels(random, stage, false), {960, 540, 1});
}
PERF_CASE(drawDeep, labels, "20 boxes with labels on 1080p") {
  stage.launch(DeepDrawArgs{labels(random, stage, true)}, {960, 540, 1});
}

}  // namespace framepath::conformance
