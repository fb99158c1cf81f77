// Frames whose pixels JavaScript may read: those of the last delivered block, and those it kept. JS thread only.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/pipeline.h"

namespace framepath::binding {

class HeldFrames {
 public:
  HeldFrames(std::shared_ptr<Device> device, int32_t maxKept)
      : device_(std::move(device)), queue_(device_->openQueue()), maxKept_(maxKept) {}

  // The block handed over now; the one before is released.
  void delivered(std::vector<graph::TaskRef> tasks);
  // Holds a copy of the frame of its own, so that keeping never starves a decoder. False: already released. Throws
  // INVALID_ARGUMENT past keptFrames.
  bool keep(int64_t taskId, const graph::TaskRef& asked);
  void release(int64_t taskId) { kept_.erase(taskId); }
  void clear();

  struct Request {
    int32_t width = 0, height = 0;  // 0: the crop's size
    PixelFormat format = pixelFormat::rgb24;
    Box crop;  // frame pixels; empty: all
  };
  // `asked`: the task a JS module is looking at, or null. Throw FRAME_RELEASED, INVALID_ARGUMENT.
  std::vector<uint8_t> pixels(int64_t taskId, const graph::TaskRef& asked, const Request& request);
  std::vector<uint8_t> jpeg(int64_t taskId, const graph::TaskRef& asked, const Request& request, int quality);

 private:
  FrameRef find(int64_t taskId, const graph::TaskRef& asked) const;  // null: released
  FrameRef need(int64_t taskId, const graph::TaskRef& asked) const;  // throws FRAME_RELEASED
  Image converted(const Frame& frame, const Request& request);

  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  const int32_t maxKept_;
  std::map<int64_t, graph::LeaseRef> block_;
  std::map<int64_t, FrameRef> kept_;
};

}  // namespace framepath::binding
