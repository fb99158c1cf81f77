#include "graph/frame_copier.h"

#include "device/image.h"

namespace framepath::graph {

FrameRef FrameCopier::copy(const Frame& frame) {
  Image image = allocateImage(*device_, frame.view.format, frame.view.width, frame.view.height);
  image.view.matrix = frame.view.matrix;
  image.view.range = frame.view.range;
  image.view.transfer = frame.view.transfer;
  image.view.primaries = frame.view.primaries;
  queue_->wait(frame.ready);
  copyImage(*device_, *queue_, image.view, frame.view, CopyKind::internal);
  const Fence done = queue_->record();
  frame.addReadFence(done);
  auto copy = std::make_shared<Frame>(image.view, frame.width, frame.height, image.memory, done);
  copy->ptsUs = frame.ptsUs;
  copy->durationUs = frame.durationUs;
  copy->index = frame.index;
  return copy;
}

}  // namespace framepath::graph
