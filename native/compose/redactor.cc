#include "compose/redactor.h"

#include <algorithm>
#include <cmath>

#include "compose/canvas_launch.h"

namespace framepath::compose {
namespace {

constexpr double kMostCover = 16;
constexpr int32_t kMinBlock = 8;  // canvas pixels: a few fine blocks would show a small face

}  // namespace

Box Redactor::grown(const Box& box) const {
  const float mx = static_cast<float>(spec_.margin) * box.width(), my = static_cast<float>(spec_.margin) * box.height();
  return {box.x1 - mx, box.y1 - my, box.x2 + mx, box.y2 + my};
}

void Redactor::hide(Queue& queue, const ImageView& canvas, const Placement& placement, const std::vector<Box>& boxes) {
  double covered = 0;
  for (const Box& box : boxes) covered += toCanvas(placement, grown(box)).area();
  if (covered > kMostCover * placement.width * placement.height)
    return hide(queue, canvas, placement, placement.source);
  for (const Box& box : boxes) hide(queue, canvas, placement, box);
}

void Redactor::hide(Queue& queue, const ImageView& canvas, const Placement& placement, const Box& box) {
  const Box all = grown(box);
  const Box on = toCanvas(placement, all);
  if (on.area() <= 0) return;
  // Outwards to whole chroma cells; a placement is even, so this stays inside it.
  const int32_t x1 = static_cast<int32_t>(std::floor(on.x1 / 2)) * 2,
                y1 = static_cast<int32_t>(std::floor(on.y1 / 2)) * 2;
  const int32_t x2 = static_cast<int32_t>(std::ceil(on.x2 / 2)) * 2,
                y2 = static_cast<int32_t>(std::ceil(on.y2 / 2)) * 2;
  const int32_t width = x2 - x1, height = y2 - y1;
  // The strength refers to the whole box: what is cut off at the tile's edge does not make the rest clearer.
  const double whole = static_cast<double>(all.width()) * placement.width / placement.source.width();

  if (spec_.kind == RedactKind::pixelate) {
    const int32_t block =
        std::clamp(static_cast<int32_t>(std::lround(whole / spec_.strength / 2)) * 2, kMinBlock, 4096);
    launchOnCanvas(*device_, queue, PixelateArgs{canvas, x1, y1, width, height, block},
                   Grid{(width + block - 1) / block, (height + block - 1) / block, 3});
    return;
  }
  if (!scratch_)
    scratch_ = device_->allocate(packedBytes(canvas.format, canvas.width, canvas.height), MemoryKind::device);
  BlurArgs args{canvas, x1, y1, width, height, 0, static_cast<uint8_t*>(scratch_->data), false};
  args.radius = std::clamp(static_cast<int32_t>(std::lround(whole / spec_.strength)), kMinBlock / 2, 2048);
  for (int pass = 0; pass < 3; pass++) {
    args.vertical = false;
    launchOnCanvas(*device_, queue, args, Grid{(width + kBlurRun - 1) / kBlurRun, height, 3});
    args.vertical = true;
    launchOnCanvas(*device_, queue, args, Grid{(height + kBlurRun - 1) / kBlurRun, width, 3});
  }
}

}  // namespace framepath::compose
