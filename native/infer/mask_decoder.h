// Masks of found boxes, made where the model's outputs lie; only bits come back.
#pragma once
#include <memory>
#include <vector>

#include "device/device.h"
#include "infer/found_boxes.h"
#include "infer/head.h"

namespace framepath::infer {

// Boxes of a picture that get a mask: what Ultralytics keeps of one (max_det).
inline constexpr size_t kMostMasked = 300;

// One worker's; not thread-safe. The device and the queue outlive it.
class MaskDecoder {
 public:
  MaskDecoder(const Head& head, Device& device, Queue& queue) : head_(head), device_(device), queue_(queue) {}

  // Adds a mask to each of `found`, which are batch item `item` of `items` in `outputs`, in frame pixels already;
  // `back` is the way there. Throws DEVICE_OUT_OF_MEMORY, INFERENCE_FAILED.
  void decode(const std::vector<TensorView>& outputs, size_t items, int32_t item, const Placement& back,
              int32_t frameWidth, int32_t frameHeight, FoundBoxes& found);

 private:
  struct Part;

  void decodePart(const Part& part, FoundBoxes& found);

  const Head head_;
  Device& device_;
  Queue& queue_;
  std::shared_ptr<Memory> logits_, bits_, host_;
};

}  // namespace framepath::infer
