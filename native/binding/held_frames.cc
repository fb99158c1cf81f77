#include "binding/held_frames.h"

#include "graph/convert_frame.h"
#include "media/jpeg.h"

namespace framepath::binding {

void HeldFrames::delivered(std::vector<graph::TaskRef> tasks) {
  block_.clear();
  for (const graph::TaskRef& task : tasks)
    if (task->lease) block_.emplace(task->id, task->lease);
}

void HeldFrames::clear() {
  block_.clear();
  kept_.clear();
}

FrameRef HeldFrames::find(int64_t taskId, const graph::TaskRef& asked) const {
  if (const auto it = kept_.find(taskId); it != kept_.end()) return it->second;
  if (const auto it = block_.find(taskId); it != block_.end()) return it->second->frame();
  if (asked && asked->lease) return asked->frame();
  return nullptr;
}

FrameRef HeldFrames::need(int64_t taskId, const graph::TaskRef& asked) const {
  FrameRef frame = find(taskId, asked);
  if (!frame)
    throw Error(
        ErrorCode::FRAME_RELEASED, "The pixels of this frame are gone.",
        "Build the pipeline with .keepPixels() and read them before the next frame, or call frame.keep() in time.");
  return frame;
}

bool HeldFrames::keep(int64_t taskId, const graph::TaskRef& asked) {
  if (kept_.count(taskId)) return true;
  const FrameRef frame = find(taskId, asked);
  if (!frame) return false;
  if (static_cast<int32_t>(kept_.size()) >= maxKept_)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "There are " + std::to_string(kept_.size()) + " kept frames already, as many as keptFrames allows.",
                "Close kept frames when done with them, or raise keptFrames.");
  Image copy = allocateImage(*device_, frame->view.format, frame->view.width, frame->view.height);
  queue_->wait(frame->ready);
  copyImage(*device_, *queue_, copy.view, frame->view, CopyKind::internal);
  frame->addReadFence(queue_->record());
  copy.view.matrix = frame->view.matrix;
  copy.view.range = frame->view.range;
  kept_[taskId] = std::make_shared<Frame>(copy.view, frame->width, frame->height, copy.memory, queue_->record());
  return true;
}

Image HeldFrames::converted(const Frame& frame, const Request& request) {
  const Box crop = request.crop.area() > 0 ? request.crop : wholeFrame(frame);
  int32_t width = request.width, height = request.height;
  graph::completeSize(crop, width, height);
  Image image = allocateImage(*device_, request.format, width, height);
  graph::convertFrame(*device_, *queue_, frame, crop, image.view);
  return image;
}

std::vector<uint8_t> HeldFrames::pixels(int64_t taskId, const graph::TaskRef& asked, const Request& request) {
  const FrameRef frame = need(taskId, asked);
  const Image image = converted(*frame, request);
  const ImageView& view = image.view;
  std::vector<uint8_t> bytes(packedBytes(view.format, view.width, view.height));
  copyImage(*device_, *queue_, packedView(bytes.data(), view.format, view.width, view.height), view,
            CopyKind::d2hRequested);
  queue_->synchronize();
  return bytes;
}

std::vector<uint8_t> HeldFrames::jpeg(int64_t taskId, const graph::TaskRef& asked, const Request& request,
                                      int quality) {
  Request rgb = request;
  rgb.format = pixelFormat::rgb24;
  const FrameRef frame = need(taskId, asked);
  const Image image = converted(*frame, rgb);
  Image host = allocateImage(*device_, rgb.format, image.view.width, image.view.height, MemoryKind::host);
  device_->copy(*queue_, host.view.planes[0].data, host.view.planes[0].pitchBytes, image.view.planes[0].data,
                image.view.planes[0].pitchBytes, static_cast<size_t>(image.view.width) * 3,
                static_cast<size_t>(image.view.height), CopyKind::d2hRequested);
  queue_->synchronize();
  return media::encodeJpeg(host.view, quality);
}

}  // namespace framepath::binding
