#include "binding/held_frames.h"

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
  kept_[taskId] = pixels_.copy(*frame);
  return true;
}

std::vector<uint8_t> HeldFrames::pixels(int64_t taskId, const graph::TaskRef& asked, const PixelRequest& request) {
  return pixels_.pixels(*need(taskId, asked), request).bytes;
}

std::vector<uint8_t> HeldFrames::jpeg(int64_t taskId, const graph::TaskRef& asked, const PixelRequest& request,
                                      int quality) {
  return pixels_.jpeg(*need(taskId, asked), request, quality).bytes;
}

}  // namespace framepath::binding
