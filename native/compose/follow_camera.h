// The camera of one tile: a crop of the picture that follows a box, or eases to the wide shot. Causal.
//
// Centre and height of the crop are critically damped second-order systems, x'' = w^2 (goal - x) - 2 w x', written as
// a servo on velocity, x'' = 2 w (v - x') with v = w/2 (goal - x), so that v can be limited: by the largest velocity,
// and by what the largest acceleration can still stop before the goal. w = 2.146 / response closes 63 % of a small step
// in the response time. The goal has a dead zone: it is dragged only once the box has left it, so that the tremor
// of a detector moves nothing at all.
#pragma once
#include <cstdint>

#include "core/results.h"

namespace framepath::compose {

struct CameraLimits {
  double responseMs = 600;
  double velocity = 1.0;       // crop heights a second
  double acceleration = 2.5;   // crop heights a second squared
  double deadZone = 0.025;     // of the crop's height, for the centre
  double sizeDeadZone = 0.10;  // of the height itself
};

class FollowCamera {
 public:
  // The crop has the tile's shape (`aspect` = width / height of a crop, in square picture pixels).
  FollowCamera(int32_t pictureWidth, int32_t pictureHeight, double aspect, double minHeight,
               const CameraLimits& limits);

  void aimAt(const Box& box, double zoom);  // new goal
  void aimWide();
  void centreOn(const Box& box, double zoom);  // stand on it at once, exactly
  void cut();                                  // stand on the goal at once
  void advance(double seconds);
  void reshape(double aspect, double minHeight);

  // How far behind a goal in steady motion the crop stays.
  double lagSeconds() const { return 2 * limits_.responseMs / 1000 / 2.146; }

  Box crop() const;  // inside the picture, exactly of the tile's shape
  Box wideCrop() const;
  double centreX() const { return x_.at; }
  double centreY() const { return y_.at; }

 private:
  struct Axis {
    double at = 0, speed = 0, goal = 0;
    void advance(double seconds, double w, double maxSpeed, double maxAcceleration);
  };
  void aim(double x, double y, double height, bool dead);
  void keepInside();
  double largestHeight() const;

  double pictureWidth_, pictureHeight_, aspect_, minHeight_;
  CameraLimits limits_;
  Axis x_, y_, height_;
};

}  // namespace framepath::compose
