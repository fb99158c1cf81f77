// x264, x265, SVT-AV1 and their like, through libavcodec.
#pragma once
#include "media/host_canvas.h"
#include "media/libav_encoder.h"

namespace framepath::media {

class SoftwareEncoder : public LibavEncoder {
 public:
  SoftwareEncoder(const EncoderOptions& options, const ProfileRow& row, AvCodecContext context,
                  std::shared_ptr<Device> device, PixelFormat canvases, int64_t afterTick);
  ~SoftwareEncoder() override;

  PixelFormat inputFormat() const override { return canvases_; }
  void push(const FrameRef& canvas, const Emit& emit) override;
  void setBitrate(int64_t bitrate) override { setTarget(*context_, bitrate); }

 private:
  void drainSvt() noexcept;

  const PixelFormat canvases_;
  HostCanvas host_;
};

// Canvases are yuv420p or, on a GPU, nv12; of high dynamic range yuv420p10 or p010. The first gets a tick after
// `afterTick`. Throws ENCODER_UNAVAILABLE (names what was looked for).
std::unique_ptr<Encoder> openSoftwareEncoder(const EncoderOptions& options, std::shared_ptr<Device> device,
                                             PixelFormat canvases, int64_t afterTick = -1);

}  // namespace framepath::media
