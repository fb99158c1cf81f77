// Decoded pictures as Frames: in a format that kernels take, upright, on the device.
#pragma once
#include <deque>
#include <memory>
#include <utility>

#include "core/frame.h"
#include "device/image.h"
#include "media/av.h"
#include "media/frame_times.h"
#include "media/orientation.h"
#include "media/upload.h"

namespace framepath::media {

// One thread uses it.
class FrameMaker {
 public:
  explicit FrameMaker(std::shared_ptr<Device> device);
  ~FrameMaker();
  FrameMaker(const FrameMaker&) = delete;
  FrameMaker& operator=(const FrameMaker&) = delete;

  // Where nothing needs turning or converting, the frame is the decoder's own memory or surface: no copy. Pictures that
  // software decoded for a GPU are uploaded. Throws DEVICE_OUT_OF_MEMORY, DEVICE_LOST, DECODE_FAILED (libav cannot
  // convert the format).
  std::shared_ptr<Frame> make(AvFrame picture, Orientation orientation, Rational sampleAspect, const FrameStamp& stamp);

 private:
  // Pixels on the device, and what keeps them there.
  struct Pixels {
    ImageView view;
    Fence ready;
    std::shared_ptr<void> owner;
  };

  void releaseRead();
  Pixels pixelsOf(AvFrame picture);
  AvFrame expressible(AvFrame picture);
  Pixels made(const Pixels& from, Image image);
  Image copied(const ImageView& from);
  Image turned(const ImageView& from, Orientation orientation);
  Image emptyLike(const ImageView& from, int32_t width, int32_t height, PixelFormat format);

  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  Upload upload_;
  std::deque<std::pair<Fence, std::shared_ptr<void>>> used_;  // sources of work that is not done yet
  AvScaler scaler_;
};

}  // namespace framepath::media
