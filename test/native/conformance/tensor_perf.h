// letterbox and crops as detectors and embedders use them.
#pragma once
#include "conformance/tensor_cases.h"

namespace framepath::conformance {

inline constexpr Normalize kUnitNormalize = {
    {127.5f, 127.5f, 127.5f}, {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}, 0, false, 3};

inline void letterboxPerf(Random& random, Stage& stage, PixelFormat format, int32_t width, int32_t height,
                          int32_t toWidth, int32_t toHeight, TensorLayout layout) {
  LetterboxArgs a{};
  a.source = picture(random, stage, format, width, height, Contents::any);
  a.width256 = width * 256, a.height256 = height * 256;
  const int32_t side = maxOf(toWidth, toHeight);
  a.slot = {nullptr, ElementType::float32, layout, side, side};
  a.toWidth = toWidth, a.toHeight = toHeight;
  a.toX = (side - toWidth) / 2, a.toY = (side - toHeight) / 2;
  a.normalize = kUnitNormalize;
  a.slot.data = stage.output(static_cast<size_t>(side) * side * 3 * 4);
  stage.launch(a, {side, side, 1});
}
PERF_CASE(letterbox, yuv420p, "1080p yuv420p to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 1920, 1080, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, nhwc, "1080p yuv420p to 256x144 float NHWC") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 1920, 1080, 256, 144, TensorLayout::nhwc);
}
PERF_CASE(letterbox, nv12, "1080p nv12 to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::nv12, 1920, 1080, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, p010, "1080p p010 to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::p010, 1920, 1080, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, rgb24, "1080p rgb24 to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::rgb24, 1920, 1080, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, hd, "720p yuv420p to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 1280, 720, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, yolo, "1080p yuv420p to 640x360 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 1920, 1080, 640, 360, TensorLayout::nchw);
}
PERF_CASE(letterbox, uhd, "2160p nv12 to 640x360 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::nv12, 3840, 2160, 640, 360, TensorLayout::nchw);
}
PERF_CASE(letterbox, up, "320x180 yuv420p to 640x360 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 320, 180, 640, 360, TensorLayout::nchw);
}

// `faces` squares of `step` times 112 pixels to 112x112, kMaxCrops a launch.
inline void cropsPerf(Random& random, Stage& stage, PixelFormat format, int32_t faces, int32_t step, bool turned) {
  const ImageView source = picture(random, stage, format, 1920, 1080, Contents::any);
  const size_t slot = size_t{112} * 112 * 3;
  for (int32_t done = 0; done < faces; done += kMaxCrops) {
    CropsArgs a{};
    a.count = minOf(kMaxCrops, faces - done);
    a.type = ElementType::float32;
    a.layout = TensorLayout::nchw;
    a.width = a.height = 112;
    a.normalize = kUnitNormalize;
    for (int32_t i = 0; i < a.count; i++) {
      const int32_t lean = turned ? step * 65536 / 5 : 0, x = 200 + 90 * (done + i), y = 300 + 20 * (done + i);
      a.items[i] = {source, {step * 65536, -lean, x << 16, lean, step * 65536, y << 16}, step};
    }
    a.data = stage.output(slot * 4 * a.count);
    stage.launch(a, {a.width, a.height, a.count});
  }
  stage.touches(static_cast<size_t>(faces) * (slot * 4 + slot / 2 * step * step));
}
PERF_CASE(crops, one, "1 turned box of 224 px, yuv420p, to 112x112") {
  cropsPerf(random, stage, pixelFormat::yuv420p, 1, 2, true);
}
PERF_CASE(crops, four, "4 turned boxes of 224 px, yuv420p, to 112x112") {
  cropsPerf(random, stage, pixelFormat::yuv420p, 4, 2, true);
}
PERF_CASE(crops, sixteen, "16 turned boxes of 224 px, yuv420p, to 112x112") {
  cropsPerf(random, stage, pixelFormat::yuv420p, 16, 2, true);
}
PERF_CASE(crops, straight, "4 boxes of 112 px, nv12, to 112x112") {
  cropsPerf(random, stage, pixelFormat::nv12, 4, 1, false);
}

}  // namespace framepath::conformance
