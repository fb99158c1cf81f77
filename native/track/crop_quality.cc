#include "track/crop_quality.h"

#include <algorithm>
#include <cmath>

#include "track/overlap.h"

namespace framepath::track {

namespace {

constexpr float kSmallSide = 20, kLargeSide = 80;

float ramp(float value, float low, float high) {
  return std::clamp((value - low) / (high - low), 0.0f, 1.0f);
}

// 1 when the nose lies between the eyes seen from the front, falling to 0.3 in full profile.
float frontalness(const float* keypoints) {
  const float eyeX = keypoints[2] - keypoints[0], eyeY = keypoints[3] - keypoints[1];
  const float eyes = std::hypot(eyeX, eyeY);
  if (eyes < 1e-3f) return 0.3f;
  const float noseX = keypoints[4] - (keypoints[0] + keypoints[2]) / 2,
              noseY = keypoints[5] - (keypoints[1] + keypoints[3]) / 2;
  const float sideways = std::abs(noseX * eyeX + noseY * eyeY) / (eyes * eyes);  // 0 in the middle, 0.5 below an eye
  return std::clamp(1.2f - 1.2f * sideways, 0.3f, 1.0f);
}

}  // namespace

float cropQuality(const Box& box, float score, float visible, const float* keypoints, int32_t keypointCount,
                  int32_t frameWidth, int32_t frameHeight) {
  const float area = box.area();
  if (!(area > 0)) return 0;
  const float size = 0.2f + 0.8f * ramp(std::min(box.width(), box.height()), kSmallSide, kLargeSide);
  const Box frame{0, 0, static_cast<float>(frameWidth), static_cast<float>(frameHeight)};
  const float inside = frameWidth > 0 && frameHeight > 0 ? intersectionArea(box, frame) / area : 1;
  const float pose = keypointCount >= 3 && keypointCount <= 6 ? frontalness(keypoints) : 1;
  return std::clamp(size * score * ramp(inside, 0.4f, 0.95f) * ramp(visible, 0.3f, 1.0f) * pose, 0.0f, 1.0f);
}

}  // namespace framepath::track
