#include "track/kalman.h"

#include <algorithm>

namespace framepath::track {

namespace {

constexpr double kAspectStd = 1e-2, kAspectVelocityStd = 1e-5, kAspectMeasuredStd = 1e-1;

std::array<double, 4> measure(const Box& box) {
  const double width = box.width(), height = std::max<double>(box.height(), 1e-3);
  return {box.x1 + width / 2, box.y1 + height / 2, width / height, height};
}

}  // namespace

void BoxFilter::Axis::predict(double stdValue, double stdVelocity) {
  value += velocity;
  varValue += 2 * covariance + varVelocity + stdValue * stdValue;
  covariance += varVelocity;
  varVelocity += stdVelocity * stdVelocity;
}

void BoxFilter::Axis::update(double measured, double stdMeasured) {
  const double variance = varValue + stdMeasured * stdMeasured;
  const double gain = varValue / variance, velocityGain = covariance / variance;
  const double innovation = measured - value;
  value += gain * innovation;
  velocity += velocityGain * innovation;
  varVelocity -= velocityGain * covariance;
  covariance -= gain * covariance;
  varValue -= gain * varValue;
}

BoxFilter::BoxFilter(const Box& box, const KalmanNoise& noise) : noise_(noise) {
  const std::array<double, 4> measured = measure(box);
  const double height = measured[3];
  for (int i = 0; i < 4; i++) {
    const double stdValue = i == 2 ? kAspectStd : 2 * noise.position * height;
    const double stdVelocity = i == 2 ? kAspectVelocityStd : 10 * noise.velocity * height;
    axes_[i] = {measured[i], 0, stdValue * stdValue, 0, stdVelocity * stdVelocity};
  }
}

void BoxFilter::predict(bool holdHeight) {
  if (holdHeight) axes_[3].velocity = 0;
  const double height = axes_[3].value;
  for (int i = 0; i < 4; i++) {
    axes_[i].predict(i == 2 ? kAspectStd : noise_.position * height, i == 2 ? kAspectVelocityStd : noise_.velocity * height);
  }
}

void BoxFilter::update(const Box& box, double noiseScale) {
  const std::array<double, 4> measured = measure(box);
  const double height = axes_[3].value;
  for (int i = 0; i < 4; i++) {
    axes_[i].update(measured[i], noiseScale * (i == 2 ? kAspectMeasuredStd : noise_.measurement * height));
  }
}

void BoxFilter::damp(double factor) {
  for (Axis& axis : axes_) axis.velocity *= factor;
}

Box BoxFilter::box() const {
  const double width = axes_[2].value * axes_[3].value, height = axes_[3].value;
  return {static_cast<float>(axes_[0].value - width / 2), static_cast<float>(axes_[1].value - height / 2),
          static_cast<float>(axes_[0].value + width / 2), static_cast<float>(axes_[1].value + height / 2)};
}

}  // namespace framepath::track
