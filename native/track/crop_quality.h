// How well a crop shows a person, rated before it is embedded.
#pragma once
#include "core/results.h"

namespace framepath::track {

// 0..1: the product of size, score, how much of it lies in the frame, how little of it lies under other boxes, and,
// where there are three to six keypoints, those of a face (right eye, left eye, nose first), how frontal it is.
float cropQuality(const Box& box, float score, float visible, const float* keypoints, int32_t keypointCount,
                  int32_t frameWidth, int32_t frameHeight);

}  // namespace framepath::track
