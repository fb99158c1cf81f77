// Pictures that tests draw and read on the host, on whatever device they are about: FRAMEPATH_TEST_DEVICE, else the
// CPU.
#pragma once
#include <cstdlib>
#include <memory>

#include "core/frame.h"
#include "device/image.h"

namespace framepath::test {

inline std::shared_ptr<Device> device() {
  // Never destroyed: a GPU's driver may be gone before static objects are.
  static auto* const one = [] {
    const char* name = std::getenv("FRAMEPATH_TEST_DEVICE");
    return new std::shared_ptr<Device>(openDevice(name ? name : "cpu"));
  }();
  return *one;
}

// A picture to draw on; `onDevice` brings it to the device.
inline Image blank(Device& device, PixelFormat format, int32_t width, int32_t height) {
  return allocateImage(device, format, width, height, MemoryKind::host);
}
inline Image onDevice(Device& device, const Image& drawn) {
  if (device.id().kind == DeviceKind::cpu) return drawn;
  Image image = allocateImage(device, drawn.view.format, drawn.view.width, drawn.view.height);
  const std::unique_ptr<Queue> queue = device.openQueue();
  copyImage(device, *queue, image.view, drawn.view, CopyKind::internal);
  queue->synchronize();
  image.view.matrix = drawn.view.matrix;
  image.view.range = drawn.view.range;
  return image;
}

// The picture where the host can read it. `memory` is null where that is the frame's own.
inline Image readable(Device& device, const Frame& frame) {
  if (device.id().kind == DeviceKind::cpu) {
    waitHost(frame.ready);
    return {frame.view, nullptr};
  }
  Image image = blank(device, frame.view.format, frame.view.width, frame.view.height);
  const std::unique_ptr<Queue> queue = device.openQueue();
  queue->wait(frame.ready);
  copyImage(device, *queue, image.view, frame.view, CopyKind::internal);
  queue->synchronize();
  return image;
}

}  // namespace framepath::test
