#include "graph/canvas_picture.h"

namespace framepath::graph {
namespace {

// What the queue was given has read `from` and written `image`.
FrameRef mapped(Queue& queue, const Frame& from, Image image) {
  const Fence done = queue.record();
  from.addReadFence(done);
  auto frame = std::make_shared<Frame>(image.view, from.width, from.height, std::move(image.memory), done);
  frame->ptsUs = from.ptsUs;
  frame->durationUs = from.durationUs;
  frame->index = from.index;
  return frame;
}

}  // namespace

CanvasPictures::CanvasPictures(const std::shared_ptr<Device>& device, ColorTransfer transfer)
    : transfer_(transfer), copier_(device) {
  if (transfer_ == ColorTransfer::sdr) return;
  mapper_.emplace(device);
  queue_ = device->openQueue();
}

FrameRef CanvasPictures::of(const FrameRef& frame, bool copied) {
  const bool sdr = transfer_ == ColorTransfer::sdr;
  const FrameRef own = sdr ? frame : frame->hdr;
  if (own && own->view.transfer == transfer_ && (sdr || own->view.primaries == ColorPrimaries::bt2020))
    return copied ? copier_.copy(*own) : own;
  queue_->wait(frame->ready);
  return mapped(*queue_, *frame, mapper_->raise(*queue_, frame->view, transfer_));
}

FrameRef SdrCanvases::of(const FrameRef& canvas) {
  queue_->wait(canvas->ready);
  return mapped(*queue_, *canvas, mapper_.map(*queue_, canvas->view, media::kUsualPeakNits));
}

}  // namespace framepath::graph
