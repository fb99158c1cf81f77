// Hides boxes of a canvas by the kernels of kernels/redact.h. Keeps its scratch between pictures.
#pragma once
#include <memory>
#include <vector>

#include "compose/layout.h"
#include "device/image.h"

namespace framepath::compose {

class Redactor {
 public:
  Redactor(std::shared_ptr<Device> device, const RedactSpec& spec) : device_(std::move(device)), spec_(spec) {}

  // All of them; the whole picture where they cover it many times over, which would take many times as long.
  void hide(Queue& queue, const ImageView& canvas, const Placement& placement, const std::vector<Box>& boxes);
  // The box, grown by the margin, as the picture's part of `placement`. Boxes in picture coordinates.
  void hide(Queue& queue, const ImageView& canvas, const Placement& placement, const Box& box);

 private:
  Box grown(const Box& box) const;

  std::shared_ptr<Device> device_;
  RedactSpec spec_;
  std::shared_ptr<Memory> scratch_;
};

}  // namespace framepath::compose
