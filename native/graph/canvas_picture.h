// The pictures of frames as a composition shows them, and its canvases as those see them who take SDR only.
#pragma once
#include <memory>

#include "core/frame.h"
#include "device/device.h"
#include "graph/frame_copier.h"
#include "media/tone_mapper.h"

namespace framepath::graph {

// One thread.
class CanvasPictures {
 public:
  // For canvases of `transfer`.
  CanvasPictures(std::shared_ptr<Device> device, ColorTransfer transfer);
  ~CanvasPictures();
  CanvasPictures(const CanvasPictures&) = delete;
  CanvasPictures& operator=(const CanvasPictures&) = delete;

  // The frame's picture of that transfer: its own, else its SDR picture mapped to it. `copied`: in memory of its own.
  // Throws DEVICE_OUT_OF_MEMORY.
  FrameRef of(const FrameRef& frame, bool copied);

 private:
  const std::shared_ptr<Device> device_;
  const ColorTransfer transfer_;
  FrameCopier copier_;
  media::ToneMapper mapper_;
  std::unique_ptr<Queue> queue_;  // its destructor waits: before the mapper's memory goes
};

// One thread.
class SdrCanvases {
 public:
  explicit SdrCanvases(std::shared_ptr<Device> device);
  // The canvas tone-mapped; itself where it is SDR.
  FrameRef of(const FrameRef& canvas);

 private:
  const std::shared_ptr<Device> device_;
  media::ToneMapper mapper_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace framepath::graph
