#include "media/upload.h"

#include <cstring>

#include "media/enqueue.h"

namespace framepath::media {
namespace {

bool fits(const Image& image, const ImageView& view) {
  return image.memory && image.view.format == view.format && image.view.width == view.width &&
         image.view.height == view.height;
}

}  // namespace

Upload::~Upload() {
  for (const Stage& stage : stages_) settle(stage.copied);
}

Image Upload::upload(Queue& queue, const ImageView& from) {
  Stage& stage = stages_[next_++ % stages_.size()];
  waitHost(stage.copied);
  if (!fits(stage.image, from))
    stage.image = allocateImage(*device_, from.format, from.width, from.height, MemoryKind::host);
  Image image = allocateImage(*device_, from.format, from.width, from.height);
  image.view.matrix = from.matrix;
  image.view.range = from.range;
  image.view.transfer = from.transfer;
  image.view.primaries = from.primaries;
  enqueue(queue, [&] {
    copy(queue, image.view, stage.image.view, from);
    stage.copied = queue.record();
  });
  return image;
}

void Upload::copy(Queue& queue, const ImageView& to, const ImageView& through, const ImageView& from) const {
  for (int p = 0; p < planeCount(from.format); p++) {
    const Plane& source = from.planes[p];
    const Plane& pinned = through.planes[p];
    const Plane& target = to.planes[p];
    const auto bytes = static_cast<size_t>(planeWidth(from, p)) * static_cast<size_t>(sampleBytes(from, p));
    const auto rows = static_cast<size_t>(planeHeight(from, p));
    for (size_t y = 0; y < rows; y++)
      std::memcpy(pinned.data + y * static_cast<size_t>(pinned.pitchBytes),
                  source.data + static_cast<ptrdiff_t>(y) * source.pitchBytes, bytes);
    device_->copy(queue, target.data, static_cast<size_t>(target.pitchBytes), pinned.data,
                  static_cast<size_t>(pinned.pitchBytes), bytes, rows, CopyKind::h2dImage);
  }
}

}  // namespace framepath::media
