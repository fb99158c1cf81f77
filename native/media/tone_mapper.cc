#include "media/tone_mapper.h"

#include <cstring>

#include "media/enqueue.h"

namespace framepath::media {

ToneMapper::~ToneMapper() {
  settle(used_);
}

void ToneMapper::prepare(Queue& queue, const ToneSource& source) {
  if (prepared_ == source) return;
  waitHost(used_);
  const std::vector<float> curves = toneCurves(source);
  const size_t bytes = curves.size() * sizeof(float);
  curves_ = device_->allocate(bytes, MemoryKind::device);
  staged_ = device_->allocate(bytes, MemoryKind::host);
  std::memcpy(staged_->data, curves.data(), bytes);
  enqueue(queue, [&] {
    device_->copy(queue, curves_->data, bytes, staged_->data, bytes, bytes, 1, CopyKind::internal);
    used_ = queue.record();
  });
  prepared_ = source;
}

Image ToneMapper::map(Queue& queue, const ImageView& from, double peakNits) {
  const ToneSource source{from.transfer, from.primaries, peakNits};
  prepare(queue, source);
  PixelFormat format = from.format;
  format.depth = 8;
  format.msbAligned = false;
  Image image = allocateImage(*device_, format, from.width, from.height);
  image.view.matrix = ColorMatrix::bt709;
  image.view.range = from.range;
  enqueue(queue, [&] {
    ToneMapArgs args = toneMapArgs(source, static_cast<const float*>(curves_->data));
    args.from = from;
    args.to = image.view;
    launch(*device_, queue, args, Grid{from.width, from.height, 1});
    used_ = queue.record();
  });
  return image;
}

Image ToneMapper::raise(Queue& queue, const ImageView& from, ColorTransfer to) {
  const ToneSource source{ColorTransfer::sdr, from.primaries, kUsualPeakNits, to};
  prepare(queue, source);
  PixelFormat format = from.format;
  format.depth = 10;
  format.msbAligned = format.layout == PixelLayout::semiPlanarYuv;
  Image image = allocateImage(*device_, format, from.width, from.height);
  image.view.matrix = ColorMatrix::bt2020;
  image.view.range = format.layout == PixelLayout::rgb ? ColorRange::full : ColorRange::limited;
  image.view.transfer = to;
  image.view.primaries = ColorPrimaries::bt2020;
  enqueue(queue, [&] {
    DeepToneMapArgs deep{toneMapArgs(source, static_cast<const float*>(curves_->data))};
    deep.args.from = from;
    deep.args.to = image.view;
    launch(*device_, queue, deep, Grid{from.width, from.height, 1});
    used_ = queue.record();
  });
  return image;
}

}  // namespace framepath::media
