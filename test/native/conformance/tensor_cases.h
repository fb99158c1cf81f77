// letterbox and crops.
#pragma once
#include "conformance/pictures.h"
#include "conformance/registry.h"

namespace framepath::conformance {

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

inline constexpr ElementType kElementTypes[] = {ElementType::float32, ElementType::float16, ElementType::uint8,
                                                ElementType::int32, ElementType::int64};
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

}  // namespace framepath::conformance
