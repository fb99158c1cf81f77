// What encoders of libavcodec have in common: pictures go in on a grid of ticks, packets come out.
#pragma once
#include "media/av.h"
#include "media/encoder.h"
#include "media/profiles.h"

namespace framepath::media {

inline Rational ticksOf(const EncoderOptions& options) {
  return options.ticks.num > 0 ? options.ticks : options.fps;
}

// Ticks of pictures in order: one off the grid goes to the nearest free tick.
class TickGrid {
 public:
  TickGrid(Rational rate, int64_t after) : rate_(rate), last_(after) {}
  int64_t next(int64_t ptsUs);

 private:
  Rational rate_;
  int64_t last_;
};

class LibavEncoder : public Encoder {
 public:
  // `context` is open. The first picture gets a tick after `afterTick` (-1: 0).
  LibavEncoder(const EncoderOptions& options, const ProfileRow& row, AvCodecContext context, int64_t afterTick);

  const AVCodecParameters* parameters() const override { return parameters_.get(); }
  std::string name() const override { return context_->codec->name; }
  RateFigures rate() const override;
  void finish(const Emit& emit) override;
  void forceKeyframe() override { forced_ = true; }

 protected:
  void send(AVFrame& picture, int64_t tick, const Emit& emit);
  // A packet as libavcodec gave it.
  virtual void complete(AVPacket&) {}
  void require(const ImageView& canvas) const;  // INVALID_ARGUMENT for another size or format

  bool begun() const { return begun_; }
  bool ended() const { return ended_; }
  bool drained() const { return drained_; }

  const EncoderOptions options_;
  const ProfileRow row_;
  AvCodecContext context_;
  TickGrid ticks_;

 private:
  void drain(const Emit& emit);

  AvCodecParameters parameters_;
  AvPacket packet_;
  bool forced_ = false;  // the next picture is a keyframe
  bool begun_ = false;
  bool ended_ = false;    // the encoder knows that no picture follows
  bool drained_ = false;  // and has given all packets
};

// A context for these options, not open yet. Null: `encoder` is not in this libavcodec.
AvCodecContext newEncoderContext(const char* encoder, const EncoderOptions& options);

// libavcodec's picture over a canvas, which lives as long as it is referenced.
AvFrame pictureOf(const FrameRef& canvas);

}  // namespace framepath::media
