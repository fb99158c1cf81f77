// Complexity of canvases as they go by: each is reduced to a small luma picture on the device, and only the sums of its
// blocks come back to the host.
#pragma once
#include <memory>
#include <vector>

#include "core/frame.h"
#include "device/device.h"
#include "device/image.h"
#include "kernels/complexity_summary.h"

namespace framepath::media {

class ComplexityMeter {
 public:
  // For canvases of this size.
  ComplexityMeter(std::shared_ptr<Device> device, int32_t width, int32_t height);
  void remember(const Frame& canvas);
  // `temporal` is the change since the canvas remembered last, 0 without one. Waits for the result.
  Complexity measure(const Frame& canvas);

  // Of the reduced picture. With half of it noise averages out, and looks like motion.
  static constexpr int32_t kLongerSide = 320;

 private:
  void reduce(const Frame& canvas, const ImageView& luma);

  std::shared_ptr<Device> device_;
  Image luma_, before_;
  std::shared_ptr<Memory> blocks_;
  std::shared_ptr<Memory> result_;
  int32_t across_ = 0, down_ = 0;
  bool remembered_ = false;
  std::unique_ptr<Queue> queue_;  // its destructor waits: before the memory goes
};

}  // namespace framepath::media
