// The pictures of frames as a composition shows them, and its canvases as those see them who take SDR only.
#pragma once
#include <memory>
#include <optional>

#include "core/frame.h"
#include "device/device.h"
#include "graph/frame_copier.h"
#include "media/tone_mapper.h"

namespace framepath::graph {

// One thread.
class CanvasPictures {
 public:
  // For canvases of `transfer`.
  CanvasPictures(const std::shared_ptr<Device>& device, ColorTransfer transfer);

  // The frame's picture of that transfer: its own, else its SDR picture mapped to it. `copied`: in memory of its own.
  // Throws DEVICE_OUT_OF_MEMORY.
  FrameRef of(const FrameRef& frame, bool copied);

 private:
  const ColorTransfer transfer_;
  FrameCopier copier_;
  std::optional<media::ToneMapper> mapper_;  // none: canvases are SDR
  std::unique_ptr<Queue> queue_;             // its destructor waits: before the mapper's memory goes
};

// One thread.
class SdrCanvases {
 public:
  explicit SdrCanvases(const std::shared_ptr<Device>& device) : mapper_(device), queue_(device->openQueue()) {}
  // A canvas of high dynamic range, tone-mapped.
  FrameRef of(const FrameRef& canvas);

 private:
  media::ToneMapper mapper_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace framepath::graph
