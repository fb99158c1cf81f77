// Constant-velocity Kalman filter of a box: centre, shape and height, as in DeepSORT and ByteTrack.
//
// The published filter has 8 states, but starts diagonal and never couples one coordinate with another: it is four filters
// of (value, velocity). Noise is proportional to the height of the box.
#pragma once
#include <array>

#include "core/results.h"

namespace framepath::track {

struct KalmanNoise {
  double position = 1.0 / 20;   // of the height, standard deviation
  double velocity = 1.0 / 160;  // of the height, per frame
  double measurement = 1.0 / 20;
};

class BoxFilter {
 public:
  explicit BoxFilter(const Box& box, const KalmanNoise& noise = {});

  // One frame on. A track that is not seen keeps its height: `holdHeight`.
  void predict(bool holdHeight = false);
  // `noiseScale` > 1 trusts the measurement less.
  void update(const Box& box, double noiseScale = 1);
  // The box's place is taken over, velocities fade: nobody keeps walking at full speed behind a wall for long.
  void damp(double factor);

  Box box() const;
  double centerX() const { return axes_[0].value; }
  double centerY() const { return axes_[1].value; }
  double height() const { return axes_[3].value; }
  double velocityX() const { return axes_[0].velocity; }
  double velocityY() const { return axes_[1].velocity; }

 private:
  struct Axis {
    double value = 0, velocity = 0;
    double varValue = 0, covariance = 0, varVelocity = 0;
    void predict(double stdValue, double stdVelocity);
    void update(double measured, double stdMeasured);
  };
  std::array<Axis, 4> axes_;  // centre x, centre y, width / height, height
  KalmanNoise noise_;
};

}  // namespace framepath::track
