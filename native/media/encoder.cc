#include "media/encoder.h"

#include "media/adaptive_encoder.h"
#include "media/encoder_ladder.h"
#include "media/nvenc_encoder.h"
#include "media/software_encoder.h"

namespace framepath::media {
namespace {

constexpr const char* kCodecNames[] = {"h264", "hevc", "av1"};
constexpr const char* kProfileNames[] = {"realtime", "streaming", "balanced", "quality", "archival"};

template <size_t N>
int indexOf(const char* const (&names)[N], const std::string& name, const char* what) {
  std::string all;
  for (size_t i = 0; i < N; i++) {
    if (name == names[i]) return static_cast<int>(i);
    all += (i ? ", " : "") + std::string(names[i]);
  }
  throw Error(ErrorCode::INVALID_ARGUMENT,
              std::string("Expected a ") + what + " (" + all + ") but received \"" + name + "\".");
}

std::unique_ptr<Encoder> openOn(const EncoderOptions& options, const std::shared_ptr<Device>& device) {
  if (device->id().kind == DeviceKind::cuda) {
    std::string whyNot;
    if (auto nvenc = openNvenc(options, device, whyNot))
      return std::make_unique<EncoderLadder>(std::move(nvenc), options, device);
    if (options.recovered) options.recovered("encoded in software", device->id().name() + ": " + whyNot);
  }
  return openSoftwareEncoder(options, device, pixelFormat::yuv420p);
}

}  // namespace

VideoCodec videoCodecNamed(const std::string& name) {
  return static_cast<VideoCodec>(indexOf(kCodecNames, name, "codec"));
}
const char* videoCodecName(VideoCodec codec) {
  return kCodecNames[static_cast<int>(codec)];
}
Profile profileNamed(const std::string& name) {
  return static_cast<Profile>(indexOf(kProfileNames, name, "profile"));
}

const char* rateControlName(RateControl control) {
  switch (control) {
    case RateControl::quality: return "quality";
    case RateControl::constant: return "constant";
    case RateControl::adaptive: return "adaptive";
    case RateControl::capped: return "capped";
  }
  return "quality";
}

std::unique_ptr<Encoder> openEncoder(const EncoderOptions& options, std::shared_ptr<Device> device) {
  if (options.width <= 0 || options.height <= 0 || options.width % 2 || options.height % 2) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "An encoder needs an even width and height but received " +
                                                 std::to_string(options.width) + "x" + std::to_string(options.height) +
                                                 ".");
  }
  if (options.fps.num <= 0 || options.fps.den <= 0) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "An encoder needs a frame rate above 0.");
  }
  quietLog();
  auto encoder = openOn(options, device);
  if (encoder->rate().control != RateControl::adaptive) return encoder;
  return std::make_unique<AdaptiveEncoder>(std::move(encoder), options, std::move(device));
}

}  // namespace framepath::media
