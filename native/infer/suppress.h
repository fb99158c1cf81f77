// Non-maximum suppression on the host; kernels/nms.h gives the same bits on a device.
#pragma once
#include "infer/found_boxes.h"

namespace framepath::infer {

// Greedy, within a class: of two boxes that overlap by more than `iou` the better one stays. `found` is sorted.
void suppress(FoundBoxes& found, float iou);

// Weighted (BlazeFace, arXiv 1907.05047): each group of overlapping boxes becomes its mean weighted by score, keypoints
// too; the group has its best score. `found` is sorted, one class.
void suppressWeighted(FoundBoxes& found, float iou);

}  // namespace framepath::infer
