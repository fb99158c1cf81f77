// Frames whose pixels JavaScript may read: those of the last delivered block, and those it kept. JS thread only.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "binding/frame_pixels.h"
#include "graph/pipeline.h"

namespace framepath::binding {

class HeldFrames {
 public:
  HeldFrames(std::shared_ptr<Device> device, int32_t maxKept) : pixels_(std::move(device)), maxKept_(maxKept) {}

  // The block handed over now; the one before is released.
  void delivered(std::vector<graph::TaskRef> tasks);
  // Holds a copy of the frame of its own, so that keeping never starves a decoder. False: already released. Throws
  // INVALID_ARGUMENT past keptFrames.
  bool keep(int64_t taskId, const graph::TaskRef& asked);
  void release(int64_t taskId) { kept_.erase(taskId); }
  void clear();

  // `asked`: the task a JS module is looking at, or null. Throw FRAME_RELEASED, INVALID_ARGUMENT.
  std::vector<uint8_t> pixels(int64_t taskId, const graph::TaskRef& asked, const PixelRequest& request);
  std::vector<uint8_t> jpeg(int64_t taskId, const graph::TaskRef& asked, const PixelRequest& request, int quality);

 private:
  FrameRef find(int64_t taskId, const graph::TaskRef& asked) const;  // null: released
  FrameRef need(int64_t taskId, const graph::TaskRef& asked) const;  // throws FRAME_RELEASED

  FramePixels pixels_;
  const int32_t maxKept_;
  std::map<int64_t, graph::LeaseRef> block_;
  std::map<int64_t, FrameRef> kept_;
};

}  // namespace framepath::binding
