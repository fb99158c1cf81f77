// An encoder whose bitrate follows the complexity of its canvases.
#pragma once
#include <deque>
#include <memory>

#include "media/complexity_meter.h"
#include "media/encoder.h"
#include "media/rate_controller.h"

namespace framepath::media {

class AdaptiveEncoder : public Encoder {
 public:
  // `encoder` takes another rate while it runs.
  AdaptiveEncoder(std::unique_ptr<Encoder> encoder, const EncoderOptions& options, std::shared_ptr<Device> device);

  PixelFormat inputFormat() const override { return encoder_->inputFormat(); }
  const AVCodecParameters* parameters() const override { return encoder_->parameters(); }
  std::string name() const override { return encoder_->name(); }
  int32_t heldCanvases() const override { return encoder_->heldCanvases(); }
  void push(const FrameRef& canvas, const Emit& emit) override;
  void finish(const Emit& emit) override { encoder_->finish(emit); }
  void forceKeyframe() override { encoder_->forceKeyframe(); }
  RateFigures rate() const override { return controller_.figures(); }

 private:
  void measure(const Frame& canvas);

  std::unique_ptr<Encoder> encoder_;
  ComplexityMeter meter_;
  RateController controller_;
  const int64_t period_;   // canvases from one measurement to the next
  bool measured_ = false;  // in this period
  int64_t pushed_ = 0, emitted_ = 0;
  struct Target {
    int64_t from;  // the picture that is encoded with it first
    int64_t bitrate;
  };
  std::deque<Target> targets_;  // of pictures in the encoder's look-ahead
};

}  // namespace framepath::media
