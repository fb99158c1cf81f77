// composeTiles, pixelate, blur and draw: kernels that work on an 8-bit 4:2:0 canvas.
#pragma once
#include "compose/color.h"
#include "conformance/pictures.h"
#include "conformance/registry.h"

namespace framepath::conformance {

// What the canvas holds before is part of the case.
inline ImageView canvasOf(Random& random, Stage& stage, int32_t width, int32_t height) {
  return picture(random, stage, random.chance(2) ? pixelFormat::nv12 : pixelFormat::yuv420p, width, height,
                 Contents::output);
}
inline ImageView randomCanvas(Random& random, Stage& stage) {
  return canvasOf(random, stage, 2 * random.between(1, 70), 2 * random.between(1, 30));
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

RANDOM_CASE(composeTiles) {
  ComposeArgs a{};
  a.canvas = randomCanvas(random, stage);
  for (uint8_t& value : a.background) value = random.byte();
  a.clear = random.chance(2);
  a.count = random.below(5);
  const bool allCopied = random.chance(3);  // a grid of its own
  for (int32_t i = 0; i < a.count; i++) {
    const PixelFormat format = random.chance(2) ? pixelFormat::yuv420p : pixelFormat::nv12;
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
                          direct ? source.range : random.pick(kRanges));
  }
  const Grid grid = composeGrid(a);
  stage.launch(a, grid);
}
inline int32_t divideUp(int32_t a, int32_t b) {
  return (a + b - 1) / b;
}

RANDOM_CASE(pixelate) {
  PixelateArgs a{};
  a.canvas = randomCanvas(random, stage);
  const Rect256 box = evenRect(random, a.canvas);
  a.x = box.x, a.y = box.y, a.width = box.width, a.height = box.height;
  a.block = 2 * random.between(1, 20);
  stage.launch(a, {divideUp(a.width, a.block), divideUp(a.height, a.block), 3});
}
PERF_CASE(pixelate, box, "a box of 400x400") {
  PixelateArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080);
  a.x = 500, a.y = 300, a.width = a.height = 400, a.block = 40;
  stage.launch(a, {10, 10, 3});
  stage.touches(size_t{400} * 400 * 3);
}

RANDOM_CASE(blur) {
  BlurArgs a{};
  a.canvas = randomCanvas(random, stage);
  const Rect256 box = evenRect(random, a.canvas);
  a.x = box.x, a.y = box.y, a.width = box.width, a.height = box.height;
  a.radius = random.chance(8) ? random.between(40, 3000) : random.between(2, 40);
  a.scratch = stage.output(randomBytes(random, static_cast<size_t>(a.width) * a.height * 3 / 2));
  a.vertical = random.chance(2);
  const int32_t length = a.vertical ? a.height : a.width, lines = a.vertical ? a.width : a.height;
  stage.launch(a, {divideUp(length, kBlurRun), lines, 3});
}
PERF_CASE(blur, rows, "one pass over a box of 400x400") {
  BlurArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080);
  a.x = 500, a.y = 300, a.width = a.height = 400, a.radius = 20;
  a.scratch = stage.output(size_t{400} * 600);
  stage.launch(a, {divideUp(400, kBlurRun), 400, 3});
  stage.touches(size_t{400} * 400 * 3);
}

RANDOM_CASE(draw) {
  DrawArgs a{};
  a.canvas = randomCanvas(random, stage);
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
    for (uint8_t& value : item.color) value = random.byte();
    item.text = static_cast<int16_t>(random.below(kMaxDrawCharacters - 20));
    item.length = static_cast<int16_t>(random.below(20));
  }
  stage.launch(a, {a.canvas.width / 2, a.canvas.height / 2, 1});
}
PERF_CASE(draw, labels, "20 boxes with labels on 1080p") {
  DrawArgs a{};
  a.canvas = canvasOf(random, stage, 1920, 1080);
  a.count = 40;
  for (uint8_t& c : a.characters) c = 'A';
  for (int16_t i = 0; i < 20; i++) {
    const auto x = static_cast<int16_t>(30 * i), y = static_cast<int16_t>(15 * i);
    a.items[2 * i] = {x, y, 150, 150, DrawKind::outline, 1, 128, {180, 80, 90}, 0, 0};
    a.items[2 * i + 1] = {x, y, 80, 8, DrawKind::text, 1, 128, {235, 128, 128}, 0, 12};
  }
  stage.launch(a, {960, 540, 1});
  stage.touches(size_t{20} * (600 + 640) * 12);
}

}  // namespace framepath::conformance
