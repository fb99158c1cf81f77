// Launches the kernels that work on canvases: those of bytes, or their versions for 10 bits.
#pragma once
#include "device/device.h"
#include "kernels/list.h"

namespace framepath::compose {

inline DeepComposeArgs deepOf(const ComposeArgs& args) {
  return {args};
}
inline DeepDrawArgs deepOf(const DrawArgs& args) {
  return {args};
}
inline DeepPixelateArgs deepOf(const PixelateArgs& args) {
  return {args};
}
inline DeepBlurArgs deepOf(const BlurArgs& args) {
  return {args};
}

template <typename Args>
void launchOnCanvas(Device& device, Queue& queue, const Args& args, const Grid& grid) {
  if (args.canvas.format.depth == 8)
    launch(device, queue, args, grid);
  else
    launch(device, queue, deepOf(args), grid);
}

}  // namespace framepath::compose
