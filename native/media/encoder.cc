#include "media/encoder.h"

#include "core/enum_names.h"
#include "media/adaptive_encoder.h"
#include "media/encoder_fallback.h"
#include "media/nvenc_encoder.h"
#include "media/profiles.h"
#include "media/software_encoder.h"

namespace framepath::media {
namespace {

std::unique_ptr<Encoder> openOn(const EncoderOptions& options, const std::shared_ptr<Device>& device) {
  if (device->id().kind == DeviceKind::cuda) {
    std::string whyNot;
    if (auto nvenc = openNvenc(options, device, whyNot))
      return std::make_unique<EncoderFallback>(std::move(nvenc), options, device);
    if (options.recovered) options.recovered("encoded in software", device->id().name() + ": " + whyNot);
  }
  const bool deep = options.dynamicRange != DynamicRange::sdr;
  return openSoftwareEncoder(options, device, deep ? pixelFormat::yuv420p10 : pixelFormat::yuv420p);
}

}  // namespace

std::unique_ptr<Encoder> openEncoder(const EncoderOptions& options, std::shared_ptr<Device> device) {
  if (options.width <= 0 || options.height <= 0 || options.width % 2 || options.height % 2) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "An encoder needs an even width and height but received " +
                                                 std::to_string(options.width) + "x" + std::to_string(options.height) +
                                                 ".");
  }
  if (options.fps.num <= 0 || options.fps.den <= 0) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "An encoder needs a frame rate above 0.");
  }
  if (options.bFrames > 0 && isLowLatency(options))
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "B-frames need pictures that come later, which low latency does not wait for.",
                "Leave bFrames out, or use latency 'normal' and another profile than realtime.");
  if (options.dynamicRange != DynamicRange::sdr && !holdsHdr(options.codec))
    throw Error(ErrorCode::INVALID_ARGUMENT,
                std::string(nameOf(options.dynamicRange)) + " takes 10 bits, which players do not take in " +
                    nameOf(options.codec) + ".",
                "Use codec 'hevc' or 'av1', or dynamicRange 'sdr'.");
  quietLog();
  auto encoder = openOn(options, device);
  if (encoder->rate().control != RateControl::adaptive) return encoder;
  return std::make_unique<AdaptiveEncoder>(std::move(encoder), options, std::move(device));
}

}  // namespace framepath::media
