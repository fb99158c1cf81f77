// Pixels of a frame in the host's memory, as JavaScript asks for them.
#pragma once
#include <memory>
#include <vector>

#include "core/frame.h"
#include "core/results.h"
#include "device/device.h"
#include "device/image.h"

namespace framepath::binding {

struct PixelRequest {
  int32_t width = 0, height = 0;  // 0: the crop's size
  PixelFormat format = pixelFormat::rgb24;
  Box crop;  // frame pixels; empty: all
};

struct PixelBytes {
  int32_t width = 0, height = 0;
  std::vector<uint8_t> bytes;  // rows without padding
};

// One thread at a time. Throw INVALID_ARGUMENT.
class FramePixels {
 public:
  explicit FramePixels(std::shared_ptr<Device> device) : device_(std::move(device)), queue_(device_->openQueue()) {}

  PixelBytes pixels(const Frame& frame, const PixelRequest& request);
  PixelBytes jpeg(const Frame& frame, const PixelRequest& request, int quality);
  // A copy on the device.
  FrameRef copy(const Frame& frame);

 private:
  Image converted(const Frame& frame, const PixelRequest& request);

  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace framepath::binding
