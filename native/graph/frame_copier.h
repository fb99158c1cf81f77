// Copies of frames that are kept for longer than their source can lend them.
#pragma once
#include <memory>

#include "core/frame.h"
#include "device/device.h"

namespace framepath::graph {

// One thread.
class FrameCopier {
 public:
  explicit FrameCopier(std::shared_ptr<Device> device) : device_(std::move(device)), queue_(device_->openQueue()) {}
  // The same picture in memory of its own, on the same device. Throws DEVICE_OUT_OF_MEMORY.
  FrameRef copy(const Frame& frame);

 private:
  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace framepath::graph
