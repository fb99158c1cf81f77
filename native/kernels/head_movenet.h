// MoveNet (tensorflow.org/hub/tutorials/movenet): 17 keypoints in COCO order (nose, eyes, ears, shoulders, elbows,
// wrists, hips, knees, ankles, left first) as y, x, score in parts of the input. SinglePose has one person a picture,
// whose score is the mean of the keypoints' and whose box goes around those that are seen; MultiPose has rows of six
// people, the keypoints followed by ymin, xmin, ymax, xmax, score.
#pragma once
#include "kernels/head.h"

namespace framepath {

inline constexpr int32_t kMovenetKeypoints = 17;
inline constexpr int32_t kMovenetSingleValues = 3 * kMovenetKeypoints;
inline constexpr int32_t kMovenetMultiValues = kMovenetSingleValues + 5;
inline constexpr float kMovenetSeen = 0.2f;  // MIN_CROP_KEYPOINT_SCORE of the tutorial

HD AnchorScore movenetSingleScore(const HeadArgs& a, int32_t item, int32_t) {
  float sum = 0;
  for (int32_t k = 0; k < kMovenetKeypoints; k++) sum += valueAt(a.grids[0].boxes, item, 3 * k + 2);
  const float score = sum / static_cast<float>(kMovenetKeypoints);
  return score >= a.threshold ? AnchorScore{score, 0} : nothingThere();
}

HD AnchorScore movenetMultiScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  const int64_t row = static_cast<int64_t>(anchor) * kMovenetMultiValues;
  const float score = valueAt(a.grids[0].boxes, item, row + kMovenetMultiValues - 1);
  return score >= a.threshold ? AnchorScore{score, 0} : nothingThere();
}

HD void movenetPoints(const HeadArgs& a, int32_t item, int64_t row, float* points) {
  const HeadTensor& v = a.grids[0].boxes;
  for (int32_t k = 0; k < kMovenetKeypoints; k++) {
    points[2 * k] = valueAt(v, item, row + 3 * k + 1) * static_cast<float>(a.width);
    points[2 * k + 1] = valueAt(v, item, row + 3 * k) * static_cast<float>(a.height);
    points[2 * kMovenetKeypoints + k] = valueAt(v, item, row + 3 * k + 2);
  }
}

HD void movenetSingleBox(const HeadArgs& a, int32_t item, int32_t, float* box, float* points) {
  movenetPoints(a, item, 0, points);
  const float* scores = points + 2 * kMovenetKeypoints;
  bool any = false;
  for (int32_t k = 0; k < kMovenetKeypoints; k++) any = any || scores[k] >= kMovenetSeen;
  bool first = true;
  for (int32_t k = 0; k < kMovenetKeypoints; k++) {
    if (any && !(scores[k] >= kMovenetSeen)) continue;
    const float x = points[2 * k], y = points[2 * k + 1];
    box[0] = first || x < box[0] ? x : box[0];
    box[1] = first || y < box[1] ? y : box[1];
    box[2] = first || x > box[2] ? x : box[2];
    box[3] = first || y > box[3] ? y : box[3];
    first = false;
  }
}

HD void movenetMultiBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  const int64_t row = static_cast<int64_t>(anchor) * kMovenetMultiValues;
  movenetPoints(a, item, row, points);
  const auto width = static_cast<float>(a.width), height = static_cast<float>(a.height);
  const HeadTensor& v = a.grids[0].boxes;
  box[0] = valueAt(v, item, row + kMovenetSingleValues + 1) * width;
  box[1] = valueAt(v, item, row + kMovenetSingleValues) * height;
  box[2] = valueAt(v, item, row + kMovenetSingleValues + 3) * width;
  box[3] = valueAt(v, item, row + kMovenetSingleValues + 2) * height;
}

}  // namespace framepath
