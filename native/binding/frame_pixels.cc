#include "binding/frame_pixels.h"

#include "graph/convert_frame.h"
#include "media/jpeg.h"

namespace framepath::binding {

Image FramePixels::converted(const Frame& frame, const PixelRequest& request) {
  const Box crop = request.crop.area() > 0 ? request.crop : wholeFrame(frame);
  int32_t width = request.width, height = request.height;
  graph::completeSize(crop, width, height);
  Image image = allocateImage(*device_, request.format, width, height);
  graph::convertFrame(*device_, *queue_, frame, crop, image.view);
  return image;
}

FrameRef FramePixels::copy(const Frame& frame) {
  Image copy = allocateImage(*device_, frame.view.format, frame.view.width, frame.view.height);
  queue_->wait(frame.ready);
  copyImage(*device_, *queue_, copy.view, frame.view, CopyKind::internal);
  frame.addReadFence(queue_->record());
  copy.view.matrix = frame.view.matrix;
  copy.view.range = frame.view.range;
  return std::make_shared<Frame>(copy.view, frame.width, frame.height, copy.memory, queue_->record());
}

PixelBytes FramePixels::pixels(const Frame& frame, const PixelRequest& request) {
  const Image image = converted(frame, request);
  const ImageView& view = image.view;
  PixelBytes pixels{view.width, view.height, {}};
  pixels.bytes.resize(packedBytes(view.format, view.width, view.height));
  copyImage(*device_, *queue_, packedView(pixels.bytes.data(), view.format, view.width, view.height), view,
            CopyKind::d2hRequested);
  queue_->synchronize();
  return pixels;
}

PixelBytes FramePixels::jpeg(const Frame& frame, const PixelRequest& request, int quality) {
  PixelRequest rgb = request;
  rgb.format = pixelFormat::rgb24;
  const Image image = converted(frame, rgb);
  Image host = allocateImage(*device_, rgb.format, image.view.width, image.view.height, MemoryKind::host);
  device_->copy(*queue_, host.view.planes[0].data, host.view.planes[0].pitchBytes, image.view.planes[0].data,
                image.view.planes[0].pitchBytes, static_cast<size_t>(image.view.width) * 3,
                static_cast<size_t>(image.view.height), CopyKind::d2hRequested);
  queue_->synchronize();
  return {image.view.width, image.view.height, media::encodeJpeg(host.view, quality)};
}

}  // namespace framepath::binding
