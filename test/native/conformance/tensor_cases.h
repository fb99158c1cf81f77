// letterbox and crops.
#pragma once
#include "conformance/pictures.h"
#include "conformance/registry.h"

namespace framepath::conformance {

inline int32_t elementBytes(ElementType type) {
  return type == ElementType::float32 ? 4 : type == ElementType::float16 ? 2 : 1;
}

inline Normalize randomNormalize(Random& random) {
  Normalize n{};
  n.channels = random.chance(4) ? 1 : 3;
  n.bgr = random.chance(2);
  n.pad = static_cast<float>(random.below(256));
  for (int c = 0; c < 3; c++) {
    n.mean[c] = random.chance(2) ? 0 : random.real(0, 200);
    n.scale[c] = random.chance(2) ? 1.0f / 255 : random.real(-2, 2);
  }
  return n;
}

inline constexpr ElementType kElementTypes[] = {ElementType::float32, ElementType::float16, ElementType::uint8};
inline constexpr TensorLayout kTensorLayouts[] = {TensorLayout::nchw, TensorLayout::nhwc};

RANDOM_CASE(letterbox) {
  LetterboxArgs a{};
  a.source = randomPicture(random, stage);
  const Rect256 rect = randomRect(random, a.source);
  a.x256 = rect.x, a.y256 = rect.y, a.width256 = rect.width, a.height256 = rect.height;
  a.normalize = randomNormalize(random);
  a.slot.type = random.pick(kElementTypes);
  a.slot.layout = random.pick(kTensorLayouts);
  a.slot.width = random.chance(8) ? random.between(250, 600) : random.between(1, 90);
  a.slot.height = random.between(1, 50);
  a.toWidth = random.chance(2) ? a.slot.width : random.between(1, a.slot.width);
  a.toHeight = random.chance(2) ? a.slot.height : random.between(1, a.slot.height);
  a.toX = random.between(0, a.slot.width - a.toWidth);
  a.toY = random.between(0, a.slot.height - a.toHeight);
  const size_t elements = static_cast<size_t>(a.slot.width) * a.slot.height * a.normalize.channels;
  a.slot.data = stage.output(elements * elementBytes(a.slot.type));
  stage.launch(a, {a.slot.width, a.slot.height, 1});
}

inline void letterboxPerf(Random& random, Stage& stage, PixelFormat format, int32_t width, int32_t height,
                          int32_t toWidth, int32_t toHeight, TensorLayout layout) {
  LetterboxArgs a{};
  a.source = picture(random, stage, format, width, height, Contents::any);
  a.width256 = width * 256, a.height256 = height * 256;
  const int32_t side = maxOf(toWidth, toHeight);
  a.slot = {nullptr, ElementType::float32, layout, side, side};
  a.toWidth = toWidth, a.toHeight = toHeight;
  a.toX = (side - toWidth) / 2, a.toY = (side - toHeight) / 2;
  a.normalize = {{127.5f, 127.5f, 127.5f}, {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}, 0, false, 3};
  a.slot.data = stage.output(static_cast<size_t>(side) * side * 3 * 4);
  stage.launch(a, {side, side, 1});
}
PERF_CASE(letterbox, yuv420p, "1080p yuv420p to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 1920, 1080, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, nv12, "1080p nv12 to 256x144 float NHWC") {
  letterboxPerf(random, stage, pixelFormat::nv12, 1920, 1080, 256, 144, TensorLayout::nhwc);
}
PERF_CASE(letterbox, p010, "1080p p010 to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::p010, 1920, 1080, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, rgb24, "1080p rgb24 to 256x144 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::rgb24, 1920, 1080, 256, 144, TensorLayout::nchw);
}
PERF_CASE(letterbox, yolo, "1080p yuv420p to 640x360 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 1920, 1080, 640, 360, TensorLayout::nchw);
}
PERF_CASE(letterbox, up, "320x180 yuv420p to 640x360 float NCHW") {
  letterboxPerf(random, stage, pixelFormat::yuv420p, 320, 180, 640, 360, TensorLayout::nchw);
}

RANDOM_CASE(crops) {
  CropsArgs a{};
  a.count = random.between(1, kMaxCrops);
  a.type = random.pick(kElementTypes);
  a.layout = random.pick(kTensorLayouts);
  a.width = random.between(1, 40);
  a.height = random.between(1, 40);
  a.normalize = randomNormalize(random);
  for (int i = 0; i < a.count; i++) {
    CropItem& item = a.items[i];
    item.source = randomPicture(random, stage);
    item.supersample = random.between(1, 4);
    const bool box = random.chance(2);
    const int32_t stepX = maxOf(item.source.width * 65536 / a.width, 1);
    const int32_t stepY = maxOf(item.source.height * 65536 / a.height, 1);
    item.transform[0] = random.between(-stepX / 2, 2 * stepX);
    item.transform[1] = box ? 0 : random.between(-stepX, stepX);
    item.transform[2] = random.between(-item.source.width * 32768, item.source.width * 65536);
    item.transform[3] = box ? 0 : random.between(-stepY, stepY);
    item.transform[4] = random.between(-stepY / 2, 2 * stepY);
    item.transform[5] = random.between(-item.source.height * 32768, item.source.height * 65536);
  }
  const size_t elements = static_cast<size_t>(a.width) * a.height * a.normalize.channels * a.count;
  a.data = stage.output(elements * elementBytes(a.type));
  stage.launch(a, {a.width, a.height, a.count});
}

inline void cropsPerf(Random& random, Stage& stage, PixelFormat format, int32_t supersample, bool turned) {
  CropsArgs a{};
  a.count = kMaxCrops;
  a.type = ElementType::float32;
  a.layout = TensorLayout::nchw;
  a.width = a.height = 112;
  a.normalize = {{127.5f, 127.5f, 127.5f}, {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}, 0, false, 3};
  const ImageView source = picture(random, stage, format, 1920, 1080, Contents::any);
  const int32_t step = supersample * 65536;
  for (int i = 0; i < a.count; i++) {
    const int32_t lean = turned ? step / 5 : 0;
    a.items[i] = {source, {step, -lean, (200 + 40 * i) << 16, lean, step, (300 + 10 * i) << 16}, supersample};
  }
  const size_t elements = static_cast<size_t>(a.width) * a.height * 3 * a.count;
  a.data = stage.output(elements * 4);
  stage.launch(a, {a.width, a.height, a.count}, elements * 4 + elements / 2 * supersample * supersample);
}
PERF_CASE(crops, box1, "8 boxes of 112 px, yuv420p, to 112x112") {
  cropsPerf(random, stage, pixelFormat::yuv420p, 1, false);
}
PERF_CASE(crops, box2, "8 boxes of 224 px, nv12, to 112x112") {
  cropsPerf(random, stage, pixelFormat::nv12, 2, false);
}
PERF_CASE(crops, aligned, "8 turned boxes of 224 px, yuv420p, to 112x112") {
  cropsPerf(random, stage, pixelFormat::yuv420p, 2, true);
}

}  // namespace framepath::conformance
