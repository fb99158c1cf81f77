// Decoded pictures as Frames: in a format that kernels take, progressive, in SDR and BT.709, upright, on the device.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "core/frame.h"
#include "device/image.h"
#include "media/av.h"
#include "media/frame_times.h"
#include "media/orientation.h"
#include "media/source_reader.h"
#include "media/tone_mapper.h"
#include "media/upload.h"

namespace framepath::media {

// One thread uses it.
class FrameMaker {
 public:
  // `keepHdr`: SourceOptions::keepHdr.
  explicit FrameMaker(std::shared_ptr<Device> device, Deinterlace deinterlace = defaults::SourceSpec::deinterlace,
                      std::shared_ptr<const std::atomic<bool>> keepHdr = nullptr);
  ~FrameMaker();
  FrameMaker(const FrameMaker&) = delete;
  FrameMaker& operator=(const FrameMaker&) = delete;

  // Where nothing needs turning, deinterlacing or converting, the frame is the decoder's own memory or surface: no
  // copy. Pictures that software decoded for a GPU are uploaded. Throws DEVICE_OUT_OF_MEMORY, DEVICE_LOST,
  // DECODE_FAILED (libav cannot convert the format).
  std::shared_ptr<Frame> make(AvFrame picture, Orientation orientation, Rational sampleAspect, const FrameStamp& stamp);
  // A picture of which no frame is made: the next one may need it to be deinterlaced.
  void leaveOut(AvFrame picture);

 private:
  // Pixels on the device, and what keeps them there.
  struct Pixels {
    ImageView view;
    Fence ready;
    std::shared_ptr<void> owner;
  };

  // Of an interlaced picture: which field is earlier.
  struct Fields {
    bool interlaced = false;
    int32_t first = 0;
  };

  void releaseRead();
  Fields fieldsOf(const AVFrame& picture) const;
  Pixels progressive(Pixels pixels, const Fields& fields);
  Pixels inSdr(const Pixels& pixels);
  Pixels upright(Pixels pixels, Orientation orientation);
  Pixels pixelsOf(AvFrame picture);
  AvFrame expressible(AvFrame picture);
  Pixels made(const Pixels& from, Image image);
  Image copied(const ImageView& from);
  Image turned(const ImageView& from, Orientation orientation);
  Image emptyLike(const ImageView& from, int32_t width, int32_t height, PixelFormat format);

  const std::shared_ptr<Device> device_;
  const Deinterlace deinterlace_;
  const std::shared_ptr<const std::atomic<bool>> keepHdr_;
  std::unique_ptr<Queue> queue_;
  Upload upload_;
  ToneMapper toneMapper_;
  double peakNits_ = kUsualPeakNits;                          // as the pictures stated it last
  std::optional<Pixels> previous_;                            // the interlaced picture before
  AvFrame leftOut_;                                           // instead, where no frame was made of it
  std::deque<std::pair<Fence, std::shared_ptr<void>>> used_;  // sources of work that is not done yet
  AvScaler scaler_;
};

}  // namespace framepath::media
