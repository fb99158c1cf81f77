// What a libav decoder needs to work on a GPU (NVDEC), and what goes wrong there.
//
// libav decides on its own, with the first picture of each sequence, whether a stream can be decoded on the GPU, and
// would go on in software by itself with the threads and options that hardware needs. Here it is refused that: the
// decoder then gives nothing more, and failure() has the reason.
#pragma once
#include <string>

#include "media/hardware.h"
#include "media/surface.h"

namespace framepath::media {

class HardwareDecoding {
 public:
  // libav's decoder that can use the GPU's; null: there is none for this codec.
  static const AVCodec* decoderFor(AVCodecID codec);

  // Prepares `context`, which is not open yet; stays where it is. `held`: pictures that others will hold at once.
  HardwareDecoding(AVCodecContext& context, const std::shared_ptr<Device>& device, int32_t held);
  HardwareDecoding(const HardwareDecoding&) = delete;
  HardwareDecoding& operator=(const HardwareDecoding&) = delete;

  // Whether a failed call of the decoder means that the GPU fails, not that the stream is damaged. Throws DEVICE_LOST
  // when there is no GPU any more.
  bool failed(int result);
  const std::string& failure() const { return failure_; }  // empty: none
  bool refused() const { return refused_; }                // it never decoded, or not what comes now

  // To each picture that comes out. Throws DEVICE_LOST.
  void mark(AVFrame& picture);

 private:
  static AVPixelFormat chooseFormat(AVCodecContext* context, const AVPixelFormat* offered);
  bool accepts();
  void reserveSurfaces();

  const std::shared_ptr<Device> device_;
  AVCodecContext& context_;
  HardwareContext hardware_;
  const int32_t held_;
  const std::shared_ptr<SurfaceCount> surfaces_ = std::make_shared<SurfaceCount>();
  std::shared_ptr<void> reservation_;  // of the device's memory, for the surfaces
  bool refused_ = false;
  std::string failure_;
};

}  // namespace framepath::media
