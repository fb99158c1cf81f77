#include "media/host_canvas.h"

#include "media/enqueue.h"

namespace framepath::media {
namespace {

// U and V of an nv12 picture, apart.
void separate(const ImageView& to, const ImageView& from) {
  for (int32_t y = 0; y < planeHeight(to, 1); y++) {
    const uint8_t* pairs = from.planes[1].data + static_cast<ptrdiff_t>(y) * from.planes[1].pitchBytes;
    uint8_t* u = to.planes[1].data + static_cast<ptrdiff_t>(y) * to.planes[1].pitchBytes;
    uint8_t* v = to.planes[2].data + static_cast<ptrdiff_t>(y) * to.planes[2].pitchBytes;
    for (int32_t x = 0; x < planeWidth(to, 1); x++) {
      u[x] = pairs[2 * x];
      v[x] = pairs[2 * x + 1];
    }
  }
}

}  // namespace

HostCanvas::HostCanvas(std::shared_ptr<Device> device, PixelFormat format, int32_t width, int32_t height)
    : device_(std::move(device)) {
  if (device_->id().kind == DeviceKind::cpu) return;
  queue_ = device_->openQueue();
  if (format == pixelFormat::nv12)
    interleaved_ = std::make_unique<Image>(allocateImage(*device_, format, width, height, MemoryKind::host));
  // The libraries copy their input, so one would do; more let them refer to it for a while.
  images_ = std::make_unique<Pool<Image>>(4, [device = device_, width, height] {
    return std::make_unique<Image>(allocateImage(*device, pixelFormat::yuv420p, width, height, MemoryKind::host));
  });
}

FrameRef HostCanvas::readable(const FrameRef& canvas) {
  if (!queue_) {
    waitHost(canvas->ready);
    return canvas;
  }
  std::shared_ptr<Image> image = images_->lease();
  queue_->wait(canvas->ready);
  enqueue(*queue_, [&] {
    for (int p = 0; p < planeCount(canvas->view.format); p++)
      copyPlane(*device_, *queue_, p > 0 && interleaved_ ? interleaved_->view : image->view, canvas->view, p,
                CopyKind::d2hEncode);
  });
  queue_->synchronize();
  if (interleaved_) separate(image->view, interleaved_->view);
  const ImageView view = image->view;
  return std::make_shared<const Frame>(view, view.width, view.height, std::move(image));
}

}  // namespace framepath::media
