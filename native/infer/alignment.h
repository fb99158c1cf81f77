// The map from a model's crop to the frame: by keypoints where the model was trained on aligned faces, else by the box.
#pragma once
#include <string>
#include <vector>

#include "core/results.h"
#include "infer/embedder.h"
#include "kernels/crops.h"

namespace framepath::infer {

struct Point {
  double x = 0, y = 0;
};

// frame x = a * x + b * y + c, frame y = d * x + e * y + f; both sides continuous (pixel i covers [i, i + 1)).
struct Affine {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;
};

// The similarity (no reflection) that takes `from` onto `to` with the least squared error (Umeyama 1991; in the plane
// it is a complex linear regression). False: `from` is one point.
bool similarity(const std::vector<Point>& from, const std::vector<Point>& to, Affine& map);

// Right eye, left eye, nose, mouth centre of a detection; empty when the scheme is unknown or a value is missing.
std::vector<Point> facePoints(const std::vector<float>& keypoints, int32_t scheme);

// The same four points in a chip of width x height; empty when `align` is "none".
std::vector<Point> faceTemplate(const std::string& align, int32_t width, int32_t height);

// What a crop looks like: its size, and the template that a face is aligned to ("none": the box decides).
struct CropShape {
  int32_t width = 0, height = 0;
  std::string align = "none";
};

// How crop pixels map to frame pixels for one request.
Affine cropMap(const CropShape& crop, const CropRequest& request);

// The kernel's item: to stored pixels in 16.16, supersampled where the crop shrinks the picture.
CropItem cropItem(const Frame& frame, const Affine& map);

}  // namespace framepath::infer
