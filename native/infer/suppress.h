// Non-maximum suppression. Deterministic: equal scores keep the order in which they were found.
#pragma once
#include "core/results.h"

namespace framepath::infer {

// Best score first, at most `limit`.
void sortByScore(Detections& found, size_t limit);

// Greedy, within a class: of two boxes that overlap by more than `iou` the better one stays. `found` is sorted.
void suppress(Detections& found, float iou);

// Weighted (BlazeFace, arXiv 1907.05047): each group of overlapping boxes becomes its mean weighted by score, keypoints
// too; the group has its best score. `found` is sorted, one class.
void suppressWeighted(Detections& found, float iou);

}  // namespace framepath::infer
