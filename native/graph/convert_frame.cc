#include "graph/convert_frame.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "device/image.h"
#include "kernels/convert.h"

namespace framepath::graph {

void completeSize(const Box& box, int32_t& width, int32_t& height) {
  const auto whole = [](float value) { return static_cast<int32_t>(std::lround(value)); };
  if (!width && !height) {
    width = whole(box.width());
    height = whole(box.height());
  } else if (!height) {
    height = std::max(1, whole(static_cast<float>(width) * box.height() / box.width()));
  } else if (!width) {
    width = std::max(1, whole(static_cast<float>(height) * box.width() / box.height()));
  }
  if (width < 1 || height < 1 || width > 16384 || height > 16384)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "Pixels of " + std::to_string(width) + "x" + std::to_string(height) + " cannot be made.",
                "Ask for 1 to 16384 pixels each way.");
}

void convertFrame(Device& device, Queue& queue, const Frame& frame, const Box& box, ImageView& target) {
  const auto to256 = [](double v) { return static_cast<int32_t>(std::lround(v * 256)); };
  target.matrix = frame.view.matrix;
  target.range = frame.view.range;
  const ConvertArgs args{frame.view,
                         to256(box.x1 * frame.scaleX()),
                         to256(box.y1 * frame.scaleY()),
                         std::max(1, to256(box.width() * frame.scaleX())),
                         std::max(1, to256(box.height() * frame.scaleY())),
                         target};
  // A 4th component is no pixel's: the kernel makes it 255.
  const bool asItIs = target.format.components < 4 && frame.view.format == target.format &&
                      frame.view.width == target.width && frame.view.height == target.height && args.x256 == 0 &&
                      args.y256 == 0 && args.width256 == target.width * 256 && args.height256 == target.height * 256;
  queue.wait(frame.ready);
  if (asItIs)
    copyImage(device, queue, target, frame.view, CopyKind::internal);
  else
    launch(device, queue, args, Grid{target.width, target.height, 1});
  frame.addReadFence(queue.record());
}

}  // namespace framepath::graph
