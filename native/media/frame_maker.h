// Decoded pictures as Frames: in a format that kernels take, upright, on the device.
#pragma once
#include <memory>

#include "core/frame.h"
#include "device/image.h"
#include "media/av.h"
#include "media/frame_times.h"
#include "media/orientation.h"

namespace framepath::media {

// One thread uses it.
class FrameMaker {
 public:
  explicit FrameMaker(std::shared_ptr<Device> device);

  // On the CPU, and where nothing needs turning or converting, the frame is the decoder's own memory: no copy.
  // Throws DEVICE_OUT_OF_MEMORY, DECODE_FAILED (libav cannot convert the format).
  std::shared_ptr<Frame> make(AvFrame picture, Orientation orientation, Rational sampleAspect, const FrameStamp& stamp);

 private:
  AvFrame expressible(AvFrame picture);
  Image upload(const ImageView& from);
  Image turn(const ImageView& from, Orientation orientation);
  Image emptyLike(const ImageView& from, int32_t width, int32_t height, PixelFormat format);

  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  AvScaler scaler_;
};

}  // namespace framepath::media
