#include "media/complexity_meter.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {

ComplexityMeter::ComplexityMeter(std::shared_ptr<Device> device, int32_t width, int32_t height)
    : device_(std::move(device)) {
  const double scale = std::min(1.0, static_cast<double>(kLongerSide) / std::max(width, height));
  const auto reduced = [&](int32_t size) { return std::max(1, static_cast<int32_t>(std::lround(size * scale))); };
  luma_ = allocateImage(*device_, pixelFormat::gray8, reduced(width), reduced(height));
  before_ = allocateImage(*device_, pixelFormat::gray8, reduced(width), reduced(height));
  across_ = (luma_.view.width + kComplexityBlock - 1) / kComplexityBlock;
  down_ = (luma_.view.height + kComplexityBlock - 1) / kComplexityBlock;
  const size_t bytes = sizeof(ComplexityBlock) * static_cast<size_t>(across_) * static_cast<size_t>(down_);
  blocks_ = device_->allocate(bytes, MemoryKind::device);
  result_ = device_->allocate(bytes, MemoryKind::host);
  queue_ = device_->openQueue();
}

void ComplexityMeter::reduce(const Frame& canvas, const ImageView& luma) {
  queue_->wait(canvas.ready);
  const ConvertArgs args{canvas.view, 0, 0, canvas.view.width * 256, canvas.view.height * 256, luma};
  launch(*device_, *queue_, args, {luma.width, luma.height, 1});
  canvas.addReadFence(queue_->record());
}

void ComplexityMeter::remember(const Frame& canvas) {
  reduce(canvas, before_.view);
  remembered_ = true;
}

Complexity ComplexityMeter::measure(const Frame& canvas) {
  const ImageView& luma = luma_.view;
  reduce(canvas, luma);
  const ComplexityArgs sums{luma.planes[0], remembered_ ? before_.view.planes[0] : Plane{}, luma.width, luma.height,
                            static_cast<ComplexityBlock*>(blocks_->data)};
  launch(*device_, *queue_, sums, {across_, down_, 1});
  device_->copy(*queue_, result_->data, result_->bytes, blocks_->data, blocks_->bytes, result_->bytes, 1,
                CopyKind::d2hResults);
  queue_->synchronize();
  return summarize({static_cast<const ComplexityBlock*>(result_->data), static_cast<size_t>(across_ * down_)});
}

}  // namespace framepath::media
