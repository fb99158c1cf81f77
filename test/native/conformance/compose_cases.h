// composeTiles, pixelate, blur and draw.
#pragma once
#include "compose/color.h"
#include "conformance/pictures.h"
#include "conformance/registry.h"

namespace framepath::conformance {

// An 8-bit 4:2:0 picture that is read and written.
inline ImageView canvasOf(Random& random, Stage& stage, int32_t width, int32_t height) {
  ImageView view;
  view.format = random.chance(2) ? pixelFormat::nv12 : pixelFormat::yuv420p;
  view.width = width;
  view.height = height;
  for (int plane = 0; plane < planeCount(view.format); plane++) {
    const int32_t rowBytes = planeWidth(view, plane) * sampleBytes(view, plane);
    const int32_t padding = random.chance(2) ? 0 : random.below(40);
    view.planes[plane].pitchBytes = rowBytes + padding;
    view.planes[plane].data =
        stage.output(randomBytes(random, planeBytes(rowBytes, planeHeight(view, plane), padding)));
  }
  return view;
}
inline ImageView randomCanvas(Random& random, Stage& stage) {
  return canvasOf(random, stage, 2 * random.between(1, random.chance(8) ? 300 : 60), 2 * random.between(1, 30));
}

struct EvenRect {
  int32_t x, y, width, height;
};
inline EvenRect evenRect(Random& random, const ImageView& canvas) {
  const int32_t width = random.between(1, canvas.width / 2), height = random.between(1, canvas.height / 2);
  return {2 * random.between(0, canvas.width / 2 - width), 2 * random.between(0, canvas.height / 2 - height), 2 * width,
          2 * height};
}

RANDOM_CASE(composeTiles) {
  ComposeArgs a{};
  a.canvas = randomCanvas(random, stage);
  a.clear = random.chance(2);
  for (uint8_t& b : a.background) b = random.byte();
  a.count = random.below(5);
  for (int32_t n = 0; n < a.count; n++) {
    ImageView source = randomPicture(random, stage);
    if (random.chance(2)) source.matrix = ColorMatrix::bt709, source.range = ColorRange::limited;
    Rect256 rect = randomRect(random, source);
    const EvenRect to = evenRect(random, a.canvas);
    // Pixel for pixel, and two for one, have paths of their own.
    if (random.chance(4)) rect.width = to.width * 256, rect.x &= ~255;
    if (random.chance(4)) rect.width = to.width * 512, rect.x &= ~511;
    if (random.chance(4)) rect.height = to.height * 256, rect.y &= ~511;
    placeComposeTile(a.tiles[n], source, rect.x, rect.y, rect.width, rect.height, to.x, to.y, to.width, to.height);
    a.tiles[n].alpha = random.chance(2) ? 256 : random.between(0, 256);
    compose::setTileColor(a.tiles[n], ColorMatrix::bt709, ColorRange::limited);
  }
  stage.launch(a, {a.canvas.width / 2, a.canvas.height / 2, 1});
}

// Two 1080p sources, each into its half of a 1080p canvas.
inline void composePerf(Random& random, Stage& stage, PixelFormat format, ColorMatrix matrix, double x, double y,
                        double width, double height, int32_t toHeight) {
  ComposeArgs a{};
  a.canvas = picture(random, stage, pixelFormat::yuv420p, 1920, 1080, true);
  a.clear = true;
  a.count = 2;
  auto fixed = [](double v) { return static_cast<int32_t>(v * 256); };
  for (int32_t n = 0; n < 2; n++) {
    ImageView source = picture(random, stage, format, 1920, 1080, false);
    source.matrix = matrix;
    source.range = ColorRange::limited;
    placeComposeTile(a.tiles[n], source, fixed(x), fixed(y), fixed(width), fixed(height), n * 960, 0, 960, toHeight);
    a.tiles[n].alpha = 256;
    compose::setTileColor(a.tiles[n], ColorMatrix::bt709, ColorRange::limited);
  }
  stage.launch(a, {960, 540, 1}, 2 * size_t{1920} * 1080 * 3 / 2);  // beside a copy of the canvas
}
PERF_CASE(composeTiles, cover, "2 x 1080p, cover (1:1)") {
  composePerf(random, stage, pixelFormat::yuv420p, ColorMatrix::bt709, 480, 0, 960, 1080, 1080);
}
PERF_CASE(composeTiles, contain, "2 x 1080p, contain (2:1)") {
  composePerf(random, stage, pixelFormat::yuv420p, ColorMatrix::bt709, 0, 0, 1920, 1080, 540);
}
PERF_CASE(composeTiles, stretch, "2 x 1080p, stretch (2:1 by 1:1)") {
  composePerf(random, stage, pixelFormat::yuv420p, ColorMatrix::bt709, 0, 0, 1920, 1080, 1080);
}
PERF_CASE(composeTiles, enlarge, "2 x 640x720 of 1080p, enlarging") {
  composePerf(random, stage, pixelFormat::yuv420p, ColorMatrix::bt709, 333.3, 111.7, 640, 720, 1080);
}
PERF_CASE(composeTiles, reduce, "2 x 1800x1050 of 1080p, reducing") {
  composePerf(random, stage, pixelFormat::yuv420p, ColorMatrix::bt709, 13.3, 1.7, 1800, 1050, 540);
}
PERF_CASE(composeTiles, nv12, "2 x 640x720 of 1080p NV12, enlarging") {
  composePerf(random, stage, pixelFormat::nv12, ColorMatrix::bt709, 333.3, 111.7, 640, 720, 1080);
}
PERF_CASE(composeTiles, bt601, "2 x 640x720 of 1080p BT.601, enlarging") {
  composePerf(random, stage, pixelFormat::yuv420p, ColorMatrix::bt601, 333.3, 111.7, 640, 720, 1080);
}
PERF_CASE(composeTiles, deep, "2 x 640x720 of 1080p 10 bit, enlarging") {
  composePerf(random, stage, {PixelLayout::planarYuv, 1, 1, 10, 3, false, false}, ColorMatrix::bt709, 333.3, 111.7, 640,
              720, 1080);
}
PERF_CASE(composeTiles, rgb, "2 x 640x720 of 1080p RGB, enlarging") {
  composePerf(random, stage, pixelFormat::rgb24, ColorMatrix::bt709, 333.3, 111.7, 640, 720, 1080);
}

RANDOM_CASE(pixelate) {
  PixelateArgs a{};
  a.canvas = randomCanvas(random, stage);
  const EvenRect r = evenRect(random, a.canvas);
  a.x = r.x, a.y = r.y, a.width = r.width, a.height = r.height;
  a.block = 2 * random.between(1, 20);
  stage.launch(a, {(r.width + a.block - 1) / a.block, (r.height + a.block - 1) / a.block, 3});
}
PERF_CASE(pixelate, face, "a box of 200x260") {
  PixelateArgs a{canvasOf(random, stage, 1920, 1080), 600, 300, 200, 260, 16};
  stage.launch(a, {13, 17, 3}, size_t{200} * 260 * 3);
}

RANDOM_CASE(blur) {
  BlurArgs a{};
  a.canvas = randomCanvas(random, stage);
  const EvenRect r = evenRect(random, a.canvas);
  a.x = r.x, a.y = r.y, a.width = r.width, a.height = r.height;
  a.radius = random.between(2, 40);
  a.scratch = stage.output(randomBytes(random, static_cast<size_t>(r.width) * r.height * 3 / 2));
  a.vertical = random.chance(2);
  const int32_t lines = a.vertical ? r.width : r.height, length = a.vertical ? r.height : r.width;
  stage.launch(a, {(length + kBlurRun - 1) / kBlurRun, lines, 3});
}
PERF_CASE(blur, face, "one pass over a box of 200x260") {
  BlurArgs a{canvasOf(random, stage, 1920, 1080),     600,  300, 200, 260, 16,
             stage.output(size_t{200} * 260 * 3 / 2), false};
  stage.launch(a, {7, 260, 3}, size_t{200} * 260 * 3);
}

RANDOM_CASE(draw) {
  DrawArgs a{};
  a.canvas = randomCanvas(random, stage);
  a.count = random.below(8);
  for (uint8_t& c : a.characters) c = random.byte();
  for (int32_t n = 0; n < a.count; n++) {
    DrawItem& item = a.items[n];
    auto at = [&](int32_t low, int32_t high) { return static_cast<int16_t>(random.between(low, high)); };
    item.x = at(-20, 70), item.y = at(-20, 40);
    item.width = at(0, 80), item.height = at(0, 40);
    item.kind = static_cast<DrawKind>(random.below(3));
    item.size = static_cast<uint8_t>(random.between(1, 3));
    item.alpha = static_cast<uint8_t>(random.chance(2) ? 128 : random.below(129));
    for (uint8_t& c : item.color) c = random.byte();
    item.text = at(0, 1000), item.length = at(0, 20);
  }
  stage.launch(a, {a.canvas.width / 2, a.canvas.height / 2, 1});
}

}  // namespace framepath::conformance
