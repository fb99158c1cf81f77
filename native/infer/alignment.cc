#include "infer/alignment.h"

#include <algorithm>
#include <cmath>

#include "core/enum_names.h"

namespace framepath::infer {

bool similarity(const std::vector<Point>& from, const std::vector<Point>& to, Affine& map) {
  const size_t n = std::min(from.size(), to.size());
  if (n < 2) return false;
  Point meanFrom, meanTo;
  for (size_t i = 0; i < n; i++) {
    meanFrom.x += from[i].x / n, meanFrom.y += from[i].y / n;
    meanTo.x += to[i].x / n, meanTo.y += to[i].y / n;
  }
  double real = 0, imaginary = 0, spread = 0;
  for (size_t i = 0; i < n; i++) {
    const double zx = from[i].x - meanFrom.x, zy = from[i].y - meanFrom.y;
    const double wx = to[i].x - meanTo.x, wy = to[i].y - meanTo.y;
    real += zx * wx + zy * wy;
    imaginary += zx * wy - zy * wx;
    spread += zx * zx + zy * zy;
  }
  if (!(spread > 1e-9)) return false;
  real /= spread, imaginary /= spread;
  map = {real,      -imaginary, meanTo.x - real * meanFrom.x + imaginary * meanFrom.y,
         imaginary, real,       meanTo.y - imaginary * meanFrom.x - real * meanFrom.y};
  return true;
}

std::vector<Point> facePoints(const std::vector<float>& keypoints, int32_t scheme) {
  if ((scheme != 5 && scheme != 6) || keypoints.size() < static_cast<size_t>(scheme) * 2) return {};
  for (const float value : keypoints)
    if (!std::isfinite(value)) return {};
  const auto at = [&](int i) { return Point{keypoints[2 * i], keypoints[2 * i + 1]}; };
  std::vector<Point> points{at(0), at(1), at(2), at(3)};
  if (scheme == 5) points[3] = {(at(3).x + at(4).x) / 2, (at(3).y + at(4).y) / 2};  // corners of the mouth
  return points;
}

std::vector<Point> faceTemplate(const std::string& align, int32_t width, int32_t height) {
  std::vector<Point> points;
  double side = 0;
  switch (valueNamed<Align>(align).value_or(Align::none)) {
    case Align::dlib:
      points = {{47.7, 47.1}, {100.3, 47.1}, {74, 76.6}, {74, 103}};
      side = 150;
      break;
    case Align::arcface:
      points = {{38.29, 51.70}, {73.53, 51.50}, {56.03, 71.74}, {56.14, 92.28}};
      side = 112;
      break;
    case Align::none: break;
  }
  for (Point& point : points) {
    point.x *= width / side;
    point.y *= height / side;
  }
  return points;
}

// The box stretched into the crop; for aligned families a square with a margin, about what an aligned crop shows.
static Affine boxMap(const CropShape& crop, const Box& box) {
  double x1 = box.x1, y1 = box.y1, width = std::max(1.0, double{box.x2} - box.x1),
         height = std::max(1.0, double{box.y2} - box.y1);
  if (crop.align != "none") {
    constexpr double kMargin = 1.2;
    const double side = std::max(width, height) * kMargin;
    x1 += (width - side) / 2, y1 += (height - side) / 2;
    width = height = side;
  }
  return {width / crop.width, 0, x1, 0, height / crop.height, y1};
}

Affine cropMap(const CropShape& crop, const CropRequest& request) {
  const std::vector<Point> target = faceTemplate(crop.align, crop.width, crop.height);
  const std::vector<Point> seen = target.empty() ? target : facePoints(request.keypoints, request.keypointScheme);
  Affine toCrop;
  if (seen.empty() || !similarity(seen, target, toCrop)) return boxMap(crop, request.box);
  // Inverse of the similarity [p -q; q p].
  const double p = toCrop.a, q = toCrop.d, square = p * p + q * q;
  if (!(square > 1e-12)) return boxMap(crop, request.box);
  const double a = p / square, b = q / square;
  return {a, b, -(a * toCrop.c + b * toCrop.f), -b, a, b * toCrop.c - a * toCrop.f};
}

CropItem cropItem(const Frame& frame, const Affine& map) {
  const double sx = frame.scaleX(), sy = frame.scaleY();
  const auto fixed = [](double value) {
    return static_cast<int32_t>(std::lround(std::clamp(value, -32767.0, 32767.0) * 65536));
  };
  CropItem item{};
  item.source = frame.view;
  const double values[6] = {map.a * sx, map.b * sx, map.c * sx, map.d * sy, map.e * sy, map.f * sy};
  for (int i = 0; i < 6; i++) item.transform[i] = fixed(values[i]);
  const double step = std::max(std::hypot(values[0], values[3]), std::hypot(values[1], values[4]));
  item.supersample = static_cast<int32_t>(std::clamp(std::ceil(step - 1e-6), 1.0, 4.0));
  return item;
}

}  // namespace framepath::infer
