// Canvases where the host's encoders can read them: I420 in its memory, of 8 or 10 bits.
#pragma once
#include <memory>

#include "core/frame.h"
#include "core/pool.h"
#include "device/image.h"

namespace framepath::media {

// One thread uses it.
class HostCanvas {
 public:
  // For canvases of this size in `format`: yuv420p, yuv420p10 or, on a GPU, nv12 or p010.
  HostCanvas(std::shared_ptr<Device> device, PixelFormat format, int32_t width, int32_t height);

  // On the CPU the canvas itself, else a copy of it (CopyKind::d2hEncode).
  FrameRef readable(const FrameRef& canvas);

 private:
  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;         // null: on the CPU
  std::unique_ptr<Pool<Image>> images_;  // I420
  std::unique_ptr<Image> interleaved_;   // of an nv12 or p010 canvas
};

}  // namespace framepath::media
