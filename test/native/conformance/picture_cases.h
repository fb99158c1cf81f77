// convert, rotate, deinterlace, toneMap, fill and complexity.
#pragma once
#include "conformance/pictures.h"
#include "conformance/registry.h"

namespace framepath::conformance {

RANDOM_CASE(convert) {
  ConvertArgs a{};
  a.source = randomPicture(random, stage);
  const Rect256 rect = randomRect(random, a.source);
  a.x256 = rect.x, a.y256 = rect.y, a.width256 = rect.width, a.height256 = rect.height;
  const bool same = random.chance(3);
  const int32_t width = same ? a.source.width : random.chance(8) ? random.between(250, 600) : random.between(1, 90);
  const int32_t height = same ? a.source.height : random.between(1, 50);
  a.target = picture(random, stage, random.pick(kByteFormats), width, height, Contents::output);
  stage.launch(a, {width, height, 1});
}
inline void convertPerf(Random& random, Stage& stage, PixelFormat from, PixelFormat to, int32_t width, int32_t height) {
  ConvertArgs a{};
  a.source = picture(random, stage, from, 1920, 1080, Contents::any);
  a.width256 = 1920 * 256, a.height256 = 1080 * 256;
  a.target = picture(random, stage, to, width, height, Contents::output);
  stage.launch(a, {width, height, 1});
}
PERF_CASE(convert, rgb, "1080p yuv420p to 1080p rgb24") {
  convertPerf(random, stage, pixelFormat::yuv420p, pixelFormat::rgb24, 1920, 1080);
}
PERF_CASE(convert, small, "1080p nv12 to 640x360 nv12") {
  convertPerf(random, stage, pixelFormat::nv12, pixelFormat::nv12, 640, 360);
}
PERF_CASE(convert, gray, "1080p yuv420p to 320x180 gray") {
  convertPerf(random, stage, pixelFormat::yuv420p, pixelFormat::gray8, 320, 180);
}

RANDOM_CASE(rotate) {
  RotateArgs a{};
  a.fromWidth = randomSize(random);
  a.fromHeight = minOf(randomSize(random), 100'000 / a.fromWidth);
  a.sampleBytes = random.between(1, 8);
  a.quarterTurns = random.below(4);
  const bool odd = a.quarterTurns & 1;
  const int32_t toWidth = odd ? a.fromHeight : a.fromWidth, toHeight = odd ? a.fromWidth : a.fromHeight;
  const int32_t paddingFrom = random.below(30), paddingTo = random.below(30);
  a.from.pitchBytes = a.fromWidth * a.sampleBytes + paddingFrom;
  a.from.data = stage.input(randomBytes(random, planeBytes(a.fromWidth * a.sampleBytes, a.fromHeight, paddingFrom)));
  a.to.pitchBytes = toWidth * a.sampleBytes + paddingTo;
  a.to.data = stage.output(planeBytes(toWidth * a.sampleBytes, toHeight, paddingTo));
  stage.launch(a, {toWidth, toHeight, 1});
}
PERF_CASE(rotate, quarter, "1920x1080 bytes by 90 degrees") {
  std::vector<uint8_t> bytes = randomBytes(random, 1920 * 1080);
  RotateArgs a{{stage.input(bytes), 1920}, {stage.output(bytes.size()), 1080}, 1920, 1080, 1, 1};
  stage.launch(a, {1080, 1920, 1});
}
PERF_CASE(rotate, half, "960x540 UV pairs by 180 degrees") {
  std::vector<uint8_t> bytes = randomBytes(random, 1920 * 540);
  RotateArgs a{{stage.input(bytes), 1920}, {stage.output(bytes.size()), 1920}, 960, 540, 2, 2};
  stage.launch(a, {960, 540, 1});
}

RANDOM_CASE(deinterlace) {
  DeinterlaceArgs a{};
  constexpr int32_t kSteps[] = {1, 1, 2, 3, 4};
  a.step = random.pick(kSteps);
  a.width = (random.chance(8) ? random.between(500, 1100) : random.between(1, 120)) * a.step;
  a.height = random.chance(8) ? 1 : random.between(2, 40);
  a.wide = random.chance(2);
  a.kept = random.below(2);
  const int32_t rowBytes = a.width * (a.wide ? 2 : 1);
  const auto plane = [&](bool output) {
    const int32_t padding = 2 * random.below(20);
    const std::vector<uint8_t> bytes = randomBytes(random, planeBytes(rowBytes, a.height, padding));
    return Plane{output ? stage.output(bytes) : stage.input(bytes), rowBytes + padding};
  };
  a.current = plane(false);
  if (!random.chance(4)) a.previous = plane(false);
  a.to = plane(true);
  stage.launch(a, {a.width, a.height, 1});
}
inline void deinterlacePerf(Random& random, Stage& stage, int32_t width, int32_t height, int32_t step, bool wide) {
  const size_t bytes = static_cast<size_t>(width) * height * (wide ? 2 : 1);
  const int32_t pitch = width * (wide ? 2 : 1);
  DeinterlaceArgs a{{stage.input(randomBytes(random, bytes)), pitch},
                    {stage.input(randomBytes(random, bytes)), pitch},
                    {stage.output(bytes), pitch},
                    width,
                    height,
                    step,
                    0,
                    wide};
  stage.launch(a, {width, height, 1});
}
PERF_CASE(deinterlace, luma, "1920x1080 bytes") {
  deinterlacePerf(random, stage, 1920, 1080, 1, false);
}
PERF_CASE(deinterlace, wide, "1920x540 UV pairs of 10 bits") {
  deinterlacePerf(random, stage, 1920, 540, 2, true);
}

inline const float* randomToneCurve(Random& random, Stage& stage, int32_t entries, float largest) {
  std::vector<float> curve(static_cast<size_t>(entries));
  uint64_t state = static_cast<uint64_t>(random.between(1, 1 << 30)) << 32 | 1;
  for (float& value : curve) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    value = static_cast<float>(state >> 40) * 0x1p-24f * largest;
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(curve.data());
  return reinterpret_cast<const float*>(stage.input({bytes, bytes + curve.size() * sizeof(float)}));
}
inline ToneMapArgs toneMapOf(Random& random, Stage& stage, const ImageView& from, PixelFormat format) {
  ToneMapArgs a{};
  a.from = from;
  a.to = picture(random, stage, format, from.width, from.height, Contents::output);
  a.light = randomToneCurve(random, stage, kToneSignals, 1);
  a.system = randomToneCurve(random, stage, kToneLights, 1);
  a.gain = randomToneCurve(random, stage, kToneLights, 5);
  a.signal = randomToneCurve(random, stage, kToneLights, 255);
  for (float& value : a.primaries) value = static_cast<float>(random.between(-200, 400)) / 256;
  a.luminance = lumaWeights(random.pick(kMatrices));
  return a;
}
inline void toneMapOf(Random& random, Stage& stage, const ImageView& from) {
  PixelFormat format = from.format;
  format.depth = 8;
  format.msbAligned = false;
  stage.launch(toneMapOf(random, stage, from, format), {from.width, from.height, 1});
}
inline void toneMapDeepOf(Random& random, Stage& stage, const ImageView& from) {
  PixelFormat format = from.format;
  format.depth = 10;
  format.msbAligned = format.layout == PixelLayout::semiPlanarYuv;
  stage.launch(DeepToneMapArgs{toneMapOf(random, stage, from, format)}, {from.width, from.height, 1});
}
RANDOM_CASE(toneMapDeep) {
  toneMapDeepOf(random, stage, randomPicture(random, stage));
}
PERF_CASE(toneMapDeep, planar, "1080p yuv420p to 10 bits") {
  toneMapDeepOf(random, stage, picture(random, stage, pixelFormat::yuv420p, 1920, 1080, Contents::inDepth));
}
RANDOM_CASE(toneMap) {
  toneMapOf(random, stage, randomPicture(random, stage));
}
PERF_CASE(toneMap, planar, "1080p yuv420p10") {
  toneMapOf(random, stage,
            picture(random, stage, {PixelLayout::planarYuv, 1, 1, 10, 3, false, false}, 1920, 1080, Contents::inDepth));
}
PERF_CASE(toneMap, interleaved, "1080p p010") {
  toneMapOf(random, stage, picture(random, stage, pixelFormat::p010, 1920, 1080, Contents::inDepth));
}

RANDOM_CASE(fill) {
  const int32_t width = randomSize(random), height = random.between(1, 40), padding = random.below(20);
  FillArgs a{{stage.output(planeBytes(width, height, padding)), width + padding}, width, height, random.byte()};
  stage.launch(a, {width, height, 1});
}
PERF_CASE(fill, plane, "1920x1080 bytes") {
  FillArgs a{{stage.output(1920 * 1080), 1920}, 1920, 1080, 16};
  stage.launch(a, {1920, 1080, 1});
}

RANDOM_CASE(complexity) {
  ComplexityArgs a{};
  a.width = randomSize(random);
  a.height = minOf(randomSize(random), 100'000 / a.width);
  const bool first = random.chance(3);
  a.luma.pitchBytes = a.width + random.below(20);
  a.luma.data = stage.input(randomBytes(random, planeBytes(a.width, a.height, a.luma.pitchBytes - a.width)));
  a.previous.pitchBytes = a.width;
  if (!first) a.previous.data = stage.input(randomBytes(random, planeBytes(a.width, a.height, 0)));
  const int32_t across = (a.width + kComplexityBlock - 1) / kComplexityBlock;
  const int32_t down = (a.height + kComplexityBlock - 1) / kComplexityBlock;
  a.blocks = reinterpret_cast<ComplexityBlock*>(stage.output(sizeof(ComplexityBlock) * across * down));
  stage.launch(a, {across, down, 1});
}
PERF_CASE(complexity, grid, "320x180 luma") {
  ComplexityArgs a{};
  a.width = 320, a.height = 180;
  a.luma = {stage.input(randomBytes(random, 320 * 180)), 320};
  a.previous = {stage.input(randomBytes(random, 320 * 180)), 320};
  a.blocks = reinterpret_cast<ComplexityBlock*>(stage.output(sizeof(ComplexityBlock) * 20 * 12));
  stage.launch(a, {20, 12, 1});
}

}  // namespace framepath::conformance
