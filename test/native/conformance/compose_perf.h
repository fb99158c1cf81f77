// composeTiles: 1080p sources on a 1080p canvas, 2160p sources on a 2160p canvas.
#pragma once
#include "conformance/canvas_cases.h"

namespace framepath::conformance {

struct CanvasSize {
  PixelFormat format = pixelFormat::yuv420p;
  int32_t width = 1920, height = 1080;
};

// A grid of tiles that fill the canvas, each with the same rectangle (1/256 pixels) of a source of its own, as large as
// the canvas.
inline void composePerf(Random& random, Stage& stage, PixelFormat format, int32_t columns, int32_t rows,
                        const Rect256& from, const CanvasSize& size = {}) {
  ComposeArgs a{};
  a.canvas = picture(random, stage, size.format, size.width, size.height, Contents::output);
  a.canvas.matrix = ColorMatrix::bt709, a.canvas.range = ColorRange::limited;
  a.background[0] = 16, a.background[1] = a.background[2] = 128;
  a.clear = true;
  a.count = columns * rows;
  const int32_t width = size.width / columns / 2 * 2, height = size.height / rows / 2 * 2;
  for (int32_t i = 0; i < a.count; i++) {
    ImageView source = picture(random, stage, format, size.width, size.height, Contents::any);
    source.matrix = a.canvas.matrix, source.range = a.canvas.range;
    placeComposeTile(a.tiles[i], source, from.x, from.y, from.width, from.height, i % columns * width,
                     i / columns * height, width, height);
    a.tiles[i].alpha = 256;
    compose::setTileColor(a.tiles[i], a.canvas.matrix, a.canvas.range, size.format.depth);
  }
  const Grid grid = composeGrid(a);
  if (size.format.depth == 8)
    stage.launch(a, grid);
  else
    stage.launch(DeepComposeArgs{a}, grid);
  const size_t read = static_cast<size_t>(from.width / 256) * (from.height / 256) * 3 / 2;
  stage.touches(static_cast<size_t>(size.width) * size.height * 3 / 2 + read * a.count);
}
PERF_CASE(composeTilesDeep, whole, "1080p yuv420p10, 1:1") {
  composePerf(random, stage, pixelFormat::yuv420p10, 1, 1, {0, 0, 1920 * 256, 1080 * 256}, {pixelFormat::yuv420p10});
}
PERF_CASE(composeTilesDeep, grid2, "2x2: four 1080p yuv420p10 to 960x540") {
  composePerf(random, stage, pixelFormat::yuv420p10, 2, 2, {0, 0, 1920 * 256, 1080 * 256}, {pixelFormat::yuv420p10});
}
PERF_CASE(composeTiles, split, "split: two 960x1080 of 1080p yuv420p, 1:1") {
  composePerf(random, stage, pixelFormat::yuv420p, 2, 1, {480 * 256, 0, 960 * 256, 1080 * 256});
}
PERF_CASE(composeTiles, follow, "follow: two 700x788 of 1080p yuv420p to 960x1080") {
  composePerf(random, stage, pixelFormat::yuv420p, 2, 1, {300 * 256 + 77, 100 * 256 + 31, 700 * 256, 788 * 256});
}
PERF_CASE(composeTiles, followNv12, "follow: two 700x788 of 1080p nv12 to 960x1080") {
  composePerf(random, stage, pixelFormat::nv12, 2, 1, {300 * 256 + 77, 100 * 256 + 31, 700 * 256, 788 * 256});
}
PERF_CASE(composeTiles, wide, "wide: two 1080p yuv420p squeezed to 960x1080") {
  composePerf(random, stage, pixelFormat::yuv420p, 2, 1, {0, 0, 1920 * 256, 1080 * 256});
}
PERF_CASE(composeTiles, grid2, "2x2: four 1080p yuv420p to 960x540") {
  composePerf(random, stage, pixelFormat::yuv420p, 2, 2, {0, 0, 1920 * 256, 1080 * 256});
}
PERF_CASE(composeTiles, grid4, "4x4: sixteen 1080p yuv420p to 480x270") {
  composePerf(random, stage, pixelFormat::yuv420p, 4, 4, {0, 0, 1920 * 256, 1080 * 256});
}
PERF_CASE(composeTiles, uhd, "split: two 1920x2160 of 2160p nv12 on a 2160p nv12 canvas, 1:1") {
  composePerf(random, stage, pixelFormat::nv12, 2, 1, {960 * 256, 0, 1920 * 256, 2160 * 256},
              {pixelFormat::nv12, 3840, 2160});
}
PERF_CASE(composeTiles, splitNv12, "split: two 960x1080 of 1080p nv12 on an nv12 canvas, 1:1") {
  composePerf(random, stage, pixelFormat::nv12, 2, 1, {480 * 256, 0, 960 * 256, 1080 * 256}, {pixelFormat::nv12});
}

}  // namespace framepath::conformance
