// What a source of high dynamic range states of the display that it was made on (SMPTE ST 2086) and of its brightness
// (CTA-861.3), in the units of the video standards.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

struct AVFrame;
struct AVStream;

namespace framepath::media {

struct MasteringDisplay {
  std::array<std::array<int32_t, 2>, 3> primaries{};  // x, y of red, green and blue, in 1/50000
  std::array<int32_t, 2> white{};
  int64_t maxLuminance = 0, minLuminance = 0;  // in 1/10000 cd/m2
};

struct ContentLight {
  int32_t max = 0, maxAverage = 0;  // cd/m2: of a pixel, and of a picture's mean
};

struct HdrMetadata {
  std::optional<MasteringDisplay> display;
  std::optional<ContentLight> light;

  bool empty() const { return !display && !light; }
};

HdrMetadata hdrMetadataOf(const AVStream& stream);
HdrMetadata hdrMetadataOf(const AVFrame& picture);

// For the container that `stream` is written to.
void addHdrMetadata(AVStream& stream, const HdrMetadata& metadata);

// "G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)": in these units as x265 takes it, in whole ones as SVT-AV1 does.
std::string displayAsIntegers(const MasteringDisplay& display);
std::string displayAsDecimals(const MasteringDisplay& display);
// "max,average".
std::string lightAsText(const ContentLight& light);

}  // namespace framepath::media
