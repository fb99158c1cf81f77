#include "media/host_canvas.h"

#include "media/enqueue.h"

namespace framepath::media {
namespace {

constexpr int kP010Shift = 6;

template <typename Sample>
Sample* rowOf(const ImageView& view, int32_t plane, int32_t y) {
  return reinterpret_cast<Sample*>(view.planes[plane].data + static_cast<ptrdiff_t>(y) * view.planes[plane].pitchBytes);
}

// U and V of an nv12 or p010 picture, apart.
template <typename Sample>
void separate(const ImageView& to, const ImageView& from, int shift) {
  for (int32_t y = 0; y < planeHeight(to, 1); y++) {
    const Sample* pairs = rowOf<const Sample>(from, 1, y);
    Sample* u = rowOf<Sample>(to, 1, y);
    Sample* v = rowOf<Sample>(to, 2, y);
    for (int32_t x = 0; x < planeWidth(to, 1); x++) {
      u[x] = static_cast<Sample>(pairs[2 * x] >> shift);
      v[x] = static_cast<Sample>(pairs[2 * x + 1] >> shift);
    }
  }
}

// Values of a p010 picture's luma from the high bits to the low ones, in place.
void lower(const ImageView& view) {
  for (int32_t y = 0; y < view.height; y++) {
    uint16_t* row = rowOf<uint16_t>(view, 0, y);
    for (int32_t x = 0; x < view.width; x++) row[x] = static_cast<uint16_t>(row[x] >> kP010Shift);
  }
}

}  // namespace

HostCanvas::HostCanvas(std::shared_ptr<Device> device, PixelFormat format, int32_t width, int32_t height)
    : device_(std::move(device)) {
  if (device_->id().kind == DeviceKind::cpu) return;
  queue_ = device_->openQueue();
  if (format.layout == PixelLayout::semiPlanarYuv)
    interleaved_ = std::make_unique<Image>(allocateImage(*device_, format, width, height, MemoryKind::host));
  // The libraries copy their input, so one would do; more let them refer to it for a while.
  const PixelFormat planes = format.depth == 8 ? pixelFormat::yuv420p : pixelFormat::yuv420p10;
  images_ = std::make_unique<Pool<Image>>(4, [device = device_, planes, width, height] {
    return std::make_unique<Image>(allocateImage(*device, planes, width, height, MemoryKind::host));
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
  if (interleaved_ && canvas->view.format.depth == 8) {
    separate<uint8_t>(image->view, interleaved_->view, 0);
  } else if (interleaved_) {
    lower(image->view);
    separate<uint16_t>(image->view, interleaved_->view, kP010Shift);
  }
  image->view.transfer = canvas->view.transfer;
  const ImageView view = image->view;
  return std::make_shared<const Frame>(view, view.width, view.height, std::move(image));
}

}  // namespace framepath::media
