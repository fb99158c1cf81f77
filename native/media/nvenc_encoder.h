// NVENC through libavcodec. It reads canvases where they were drawn: nothing is copied. Its packets' decoding times are
// not right: libavcodec's are not, for rates like 30000/1001.
#pragma once
#include "media/encoder_sessions.h"
#include "media/hardware.h"
#include "media/libav_encoder.h"

namespace framepath::media {

class NvencEncoder : public LibavEncoder {
 public:
  NvencEncoder(const EncoderOptions& options, const ProfileRow& row, HardwareContext hardware, AvCodecContext context,
               EncoderSession session, std::shared_ptr<void> reservation);
  ~NvencEncoder() override;

  PixelFormat inputFormat() const override {
    return options_.dynamicRange == DynamicRange::sdr ? pixelFormat::nv12 : pixelFormat::p010;
  }
  int32_t heldCanvases() const override;
  // Canvases come from a fixed set of at most 64, as many as libavcodec registers, whose memory outlives the encoder.
  void push(const FrameRef& canvas, const Emit& emit) override;
  // With the next keyframe: NVENC starts one with every new rate.
  void setBitrate(int64_t bitrate) override { bitrate_ = bitrate; }

 protected:
  void complete(AVPacket& packet) override;

 private:
  const EncoderSession session_;
  const std::shared_ptr<void> reservation_;  // of the device's memory
  const HardwareContext hardware_;
  int64_t bitrate_ = 0;  // from the next keyframe on; 0 = as it is
  int32_t untilKeyframe_ = 0;
};

// Null: it cannot be, `whyNot` has the reason. Throws DEVICE_LOST.
std::unique_ptr<Encoder> openNvenc(const EncoderOptions& options, const std::shared_ptr<Device>& device,
                                   std::string& whyNot);

}  // namespace framepath::media
