#include "compose/follow_camera.h"

#include <algorithm>
#include <cmath>

namespace framepath::compose {

void FollowCamera::Axis::advance(double seconds, double w, double maxSpeed, double maxAcceleration) {
  const double error = goal - at, distance = std::fabs(error);
  // 0.7: discrete steps and the servo's lag need some braking in reserve.
  const double stoppable = std::sqrt(2 * 0.7 * maxAcceleration * distance);
  const double wanted = std::copysign(std::min({w / 2 * distance, maxSpeed, stoppable}), error);
  const double acceleration = std::clamp(2 * w * (wanted - speed), -maxAcceleration, maxAcceleration);
  speed = std::clamp(speed + acceleration * seconds, -maxSpeed, maxSpeed);
  at += speed * seconds;
}

FollowCamera::FollowCamera(int32_t pictureWidth, int32_t pictureHeight, double aspect, double minHeight,
                           const CameraLimits& limits)
    : pictureWidth_(pictureWidth),
      pictureHeight_(pictureHeight),
      aspect_(aspect),
      minHeight_(minHeight),
      limits_(limits) {
  aimWide();
  cut();
}

double FollowCamera::largestHeight() const {
  return std::min(pictureHeight_, pictureWidth_ / aspect_);
}

void FollowCamera::aim(double x, double y, double height, bool dead) {
  height = std::clamp(height, std::min(minHeight_, largestHeight()), largestHeight());
  if (dead) {
    const double zone = limits_.sizeDeadZone * height_.goal;
    height = std::clamp(height_.goal, height - zone, height + zone);
    height = std::min(height, largestHeight());
    const double slack = limits_.deadZone * height;
    x = std::clamp(x_.goal, x - slack, x + slack);
    y = std::clamp(y_.goal, y - slack, y + slack);
  }
  height_.goal = height;
  x_.goal = std::clamp(x, height * aspect_ / 2, std::max(height * aspect_ / 2, pictureWidth_ - height * aspect_ / 2));
  y_.goal = std::clamp(y, height / 2, std::max(height / 2, pictureHeight_ - height / 2));
}

void FollowCamera::aimAt(const Box& box, double zoom) {
  aim((box.x1 + box.x2) / 2.0, (box.y1 + box.y2) / 2.0, zoom * box.height(), true);
}

void FollowCamera::centreOn(const Box& box, double zoom) {
  aim((box.x1 + box.x2) / 2.0, (box.y1 + box.y2) / 2.0, zoom * box.height(), false);
  cut();
}

void FollowCamera::aimWide() {
  aim(pictureWidth_ / 2, pictureHeight_ / 2, largestHeight(), false);
}

void FollowCamera::cut() {
  for (Axis* axis : {&x_, &y_, &height_}) {
    axis->at = axis->goal;
    axis->speed = 0;
  }
}

void FollowCamera::reshape(double aspect, double minHeight) {
  aspect_ = aspect;
  minHeight_ = minHeight;
  aim(x_.goal, y_.goal, height_.goal, false);
  keepInside();
}

// Where size and place move together the crop could lean over the edge of the picture by a little.
void FollowCamera::keepInside() {
  height_.at = std::clamp(height_.at, std::min(2.0, largestHeight()), largestHeight());
  auto bound = [](Axis& axis, double half, double size) {
    const double high = std::max(half, size - half), inside = std::clamp(axis.at, half, high);
    if (inside != axis.at) axis.speed = 0;
    axis.at = inside;
  };
  bound(x_, height_.at * aspect_ / 2, pictureWidth_);
  bound(y_, height_.at / 2, pictureHeight_);
}

void FollowCamera::advance(double seconds) {
  const double w = 2.146 / (limits_.responseMs / 1000);
  const int steps = std::clamp(static_cast<int>(std::ceil(seconds * w / 0.05)), 1, 400);
  for (int i = 0; i < steps; i++) {
    const double h = height_.at, step = seconds / steps;
    for (Axis* axis : {&x_, &y_, &height_}) axis->advance(step, w, limits_.velocity * h, limits_.acceleration * h);
  }
  keepInside();
}

Box FollowCamera::crop() const {
  const double w = height_.at * aspect_;
  return {static_cast<float>(x_.at - w / 2), static_cast<float>(y_.at - height_.at / 2),
          static_cast<float>(x_.at + w / 2), static_cast<float>(y_.at + height_.at / 2)};
}

Box FollowCamera::wideCrop() const {
  const double h = largestHeight(), w = h * aspect_;
  return {static_cast<float>((pictureWidth_ - w) / 2), static_cast<float>((pictureHeight_ - h) / 2),
          static_cast<float>((pictureWidth_ + w) / 2), static_cast<float>((pictureHeight_ + h) / 2)};
}

}  // namespace framepath::compose
