#include "infer/placement.h"

#include <algorithm>
#include <cmath>

namespace framepath::infer {
namespace {

int32_t toSide(double size, int32_t side) {
  return std::clamp(static_cast<int32_t>(std::lround(size)), 1, side);
}

// Far outside any frame, and small enough for the kernel's 1/256 pixels.
double bounded(double position) {
  return std::clamp(position, -4e6, 4e6);
}

}  // namespace

LetterboxArgs place(const Frame& frame, const Box& region, const ModelSpec& spec, const TensorSlot& slot,
                    Placement& back) {
  double x1 = region.x1, y1 = region.y1;
  double width = std::max(1e-2, static_cast<double>(region.x2) - region.x1);
  double height = std::max(1e-2, static_cast<double>(region.y2) - region.y1);
  LetterboxArgs args{};
  args.toWidth = slot.width;
  args.toHeight = slot.height;
  switch (spec.resize) {
    case Resize::stretch: break;
    case Resize::centerCrop: {
      const double scale = spec.cropFraction * std::min(width / slot.width, height / slot.height);
      x1 += (width - scale * slot.width) / 2;
      y1 += (height - scale * slot.height) / 2;
      width = scale * slot.width;
      height = scale * slot.height;
      break;
    }
    case Resize::letterboxCenter:
    case Resize::letterboxTopLeft: {
      const double scale = std::min(slot.width / width, slot.height / height);
      args.toWidth = toSide(width * scale, slot.width);
      args.toHeight = toSide(height * scale, slot.height);
      if (spec.resize == Resize::letterboxTopLeft) break;
      args.toX = (slot.width - args.toWidth) / 2;
      args.toY = (slot.height - args.toHeight) / 2;
      break;
    }
  }
  args.source = frame.view;
  args.x256 = static_cast<int32_t>(std::lround(bounded(x1 * frame.scaleX()) * 256));
  args.y256 = static_cast<int32_t>(std::lround(bounded(y1 * frame.scaleY()) * 256));
  args.width256 = std::max(1, static_cast<int32_t>(std::lround(bounded(width * frame.scaleX()) * 256)));
  args.height256 = std::max(1, static_cast<int32_t>(std::lround(bounded(height * frame.scaleY()) * 256)));
  args.slot = slot;
  args.normalize = normalizeOf(spec);
  back.scaleX = width / args.toWidth;
  back.scaleY = height / args.toHeight;
  back.offsetX = x1 - args.toX * back.scaleX;
  back.offsetY = y1 - args.toY * back.scaleY;
  return args;
}

Normalize normalizeOf(const ModelSpec& spec) {
  Normalize normalize{};
  for (int c = 0; c < 3; c++) {
    normalize.mean[c] = spec.mean[c];
    normalize.scale[c] = spec.scale[c];
  }
  normalize.pad = spec.pad;
  normalize.bgr = spec.bgr;
  normalize.channels = spec.channels;
  return normalize;
}

TensorSlot slotOf(const Session& session, const ModelSpec& spec, int32_t item) {
  const ElementType type = elementOf(session.graph().inputs.front().type);
  return {session.input(item), type, spec.layout, spec.width, spec.height};
}

Placement launchPlaced(Session& session, const ModelSpec& spec, const Frame& frame, const Box& region, int32_t item) {
  Placement back;
  const LetterboxArgs args = place(frame, region, spec, slotOf(session, spec, item), back);
  session.queue().wait(frame.ready);
  launch(session.device(), session.queue(), args, {spec.width, spec.height, 1});
  frame.addReadFence(session.queue().record());
  return back;
}

}  // namespace framepath::infer
