// Canvas frames in, packets out.
#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "core/frame.h"
#include "core/packet.h"
#include "core/stop.h"
#include "device/device.h"
#include "generated/media_enums.h"
#include "generated/run_defaults.h"
#include "media/hdr_metadata.h"
#include "media/source_info.h"

struct AVCodecParameters;

namespace framepath::media {

struct EncoderOptions {
  VideoCodec codec = defaults::OutputSpec::codec;
  Profile profile = defaults::OutputSpec::profile;
  int32_t width = 0, height = 0;  // even
  Rational fps{25, 1};
  Rational ticks{0, 1};  // a second, of the times of pictures: each is on the nearest one; 0 = as fps
  // bits per second on average; 0 = the profile's constant quality
  int64_t bitrate = defaults::OutputSpec::bitrate;
  int64_t minBitrate = defaults::OutputSpec::minBitrate;  // above 0: between this and `bitrate`, as the pictures need
  int32_t threads = 0;                                    // 0 = as many as the machine has cores
  int32_t keyframeMs = defaults::OutputSpec::keyframeIntervalMs;  // longest distance of keyframes
  int32_t bFrames = -1;                                           // in a row at most; -1 = the profile's
  Latency latency = Latency::normal;
  DynamicRange dynamicRange = DynamicRange::sdr;  // what canvases are
  HdrMetadata hdrMetadata;                        // of high dynamic range; stated in the stream
  int32_t maxSessions = 0;  // of a GPU's encoder in this process; 0 = as many as the driver allows
  SessionPolicy sessions = defaults::RunSettings::encoderSessions;
  StopRef stop = nullptr;  // waiting for a session ends
  // Called when software takes over from the GPU, by the thread that opens or pushes.
  std::function<void(const std::string& what, const std::string& reason)> recovered = nullptr;
};

// Fine enough for the times of any source; at a constant rate a picture lasts whole ticks.
inline Rational fineTicks(Rational fps) {
  constexpr int32_t kFine = 90'000;
  return {fps.num * std::max(1, kFine / fps.num), 1};
}

// Bits per second. The target given to the encoder; all 0 where it decides itself (quality, capped).
struct RateFigures {
  RateControl control = RateControl::quality;
  int64_t min = 0, mean = 0, max = 0;
  double complexity = 0;  // mean, 0..1; only of adaptive ones
};

// What the samples of a dynamic range stand for.
inline ColorTransfer transferOf(DynamicRange range) {
  switch (range) {
    case DynamicRange::sdr: return ColorTransfer::sdr;
    case DynamicRange::hdr10: return ColorTransfer::pq;
    case DynamicRange::hlg: return ColorTransfer::hlg;
  }
  return ColorTransfer::sdr;
}

class Encoder {
 public:
  using Emit = std::function<void(Packet)>;
  virtual ~Encoder() = default;
  virtual PixelFormat inputFormat() const = 0;              // what canvases must be
  virtual int32_t heldCanvases() const { return 0; }        // that it may refer to after push()
  virtual const AVCodecParameters* parameters() const = 0;  // for the muxer; valid as long as the encoder
  virtual std::string name() const = 0;                     // e.g. libx264
  // Frames in order of ptsUs. Packets come out through `emit`, in decode order, on this thread.
  virtual void push(const FrameRef& canvas, const Emit& emit) = 0;
  virtual void finish(const Emit& emit) = 0;
  virtual RateFigures rate() const { return {}; }
  // Bits per second from the next picture or, where that costs a keyframe, the next keyframe on; only where
  // rate().control is adaptive.
  virtual void setBitrate(int64_t) {}
};

// On a GPU its own encoder, in software where that refuses or, from there on, fails. Canvases of a GPU's encoder come
// from a fixed set, at most 64, whose memory outlives it. Throws ENCODER_UNAVAILABLE (names what was looked for),
// INVALID_ARGUMENT (odd or zero size; high dynamic range in H.264).
std::unique_ptr<Encoder> openEncoder(const EncoderOptions& options, std::shared_ptr<Device> device);

}  // namespace framepath::media
