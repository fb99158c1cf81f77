// Boxes on their way from a model's outputs to the caller.
#pragma once
#include "core/results.h"

namespace framepath::infer {

// Detections that still know where in the outputs they were: masks are made from there.
struct FoundBoxes : Detections {
  std::vector<int32_t> anchors;  // n
};

// Where a region of a frame lies in a model's input: frame pixel = input pixel * scale + offset.
struct Placement {
  double scaleX = 1, scaleY = 1, offsetX = 0, offsetY = 0;
};

// From input pixels to frame pixels; boxes that the frame's edges cut are left as the model gave them.
void mapToFrame(Detections& found, const Placement& back);

// Those at `order`, in that order. `from` has no masks yet.
FoundBoxes picked(const FoundBoxes& from, const std::vector<size_t>& order);

// A model's numbers may be none: boxes without a place, and anything beyond the best `most`, go.
void keepUsable(FoundBoxes& found, size_t most);

}  // namespace framepath::infer
