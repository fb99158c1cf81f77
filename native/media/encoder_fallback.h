// The GPU's encoder as long as it works, one in software from then on: not one picture is lost.
//
// Encoders hold pictures back, for look-ahead and reordering. What the GPU's gives is passed on only when it is whole:
// all packets of the pictures up to one, and none of later ones. When it fails, software encodes what was not passed
// on, from a keyframe, and the stream goes on as if nothing had been: decoding times are the fallback's own. The
// parameter sets are then others than those in the header of the stream; they travel before each keyframe, where
// decoders find them.
#pragma once
#include <deque>
#include <memory>

#include "media/encoder.h"
#include "media/libav_encoder.h"

namespace framepath::media {

class EncoderFallback : public Encoder {
 public:
  EncoderFallback(std::unique_ptr<Encoder> hardware, const EncoderOptions& options, std::shared_ptr<Device> device);

  PixelFormat inputFormat() const override { return format_; }
  const AVCodecParameters* parameters() const override { return parameters_.get(); }
  std::string name() const override { return encoder_->name(); }
  int32_t heldCanvases() const override { return held_; }
  void push(const FrameRef& canvas, const Emit& emit) override;
  void finish(const Emit& emit) override;
  RateFigures rate() const override { return encoder_->rate(); }
  void setBitrate(int64_t bitrate) override;
  void forceKeyframe() override { encoder_->forceKeyframe(); }

 private:
  struct Unfinished {
    FrameRef canvas;  // null: software has it
    int64_t tick;     // of its packet
  };

  template <typename Call>
  bool onGpu(const Emit& emit, Call&& call);
  void passOn(const Emit& emit);
  void passOn(Packet packet, const Emit& emit);
  void inSoftware(const FrameRef& canvas, const Emit& emit);
  void fallBack(const std::string& reason, const Emit& emit);

  const EncoderOptions options_;
  const std::shared_ptr<Device> device_;
  const PixelFormat format_;
  const int32_t held_;
  const AvCodecParameters parameters_;  // the GPU's: the stream began with it
  std::unique_ptr<Encoder> encoder_;
  bool fellBack_ = false;
  const size_t lead_;                  // pictures that packets are decoded before theirs are displayed
  std::deque<int64_t> displayed_;      // ticks of the last pictures: those, and the next one
  TickGrid ticks_;                     // both encoders have the same
  int64_t passedTick_ = -1;            // up to this one everything was passed on
  std::deque<Unfinished> unfinished_;  // pushed, and not passed on
  std::deque<Packet> waiting_;         // of the GPU's encoder
  int64_t bitrate_ = 0;                // as it was set last; 0 = never
};

}  // namespace framepath::media
