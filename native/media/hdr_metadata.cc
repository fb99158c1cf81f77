#include "media/hdr_metadata.h"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "media/av.h"
#include "media/compat.h"

extern "C" {
#include <libavutil/mastering_display_metadata.h>
}

namespace framepath::media {
namespace {

constexpr int kChromaUnit = 50'000, kLuminanceUnit = 10'000;
constexpr size_t kGreen = 1, kBlue = 2, kRed = 0;

int64_t inUnits(AVRational value, int unit) {
  return value.den > 0 ? std::llround(av_q2d(value) * unit) : 0;
}

std::optional<MasteringDisplay> displayOf(const AVMasteringDisplayMetadata& from) {
  if (!from.has_primaries || !from.has_luminance) return std::nullopt;
  MasteringDisplay display;
  for (size_t i = 0; i < 2; i++) {
    for (size_t c = 0; c < 3; c++)
      display.primaries[c][i] = static_cast<int32_t>(inUnits(from.display_primaries[c][i], kChromaUnit));
    display.white[i] = static_cast<int32_t>(inUnits(from.white_point[i], kChromaUnit));
  }
  display.maxLuminance = inUnits(from.max_luminance, kLuminanceUnit);
  display.minLuminance = inUnits(from.min_luminance, kLuminanceUnit);
  return display;
}

ContentLight lightOf(const AVContentLightMetadata& from) {
  return {static_cast<int32_t>(from.MaxCLL), static_cast<int32_t>(from.MaxFALL)};
}

// The libav structs are as large as their version has them.
HdrMetadata metadataOf(const uint8_t* display, const uint8_t* light) {
  HdrMetadata metadata;
  if (display) metadata.display = displayOf(*reinterpret_cast<const AVMasteringDisplayMetadata*>(display));
  if (light) metadata.light = lightOf(*reinterpret_cast<const AVContentLightMetadata*>(light));
  return metadata;
}

std::string text(const MasteringDisplay& d, double chromaUnit, double luminanceUnit, int decimals) {
  const auto number = [&](int64_t value, double unit) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.*f", decimals, static_cast<double>(value) / unit);
    return std::string(buffer);
  };
  const auto pair = [&](const char* name, const std::array<int32_t, 2>& at) {
    return name + ("(" + number(at[0], chromaUnit)) + "," + number(at[1], chromaUnit) + ")";
  };
  return pair("G", d.primaries[kGreen]) + pair("B", d.primaries[kBlue]) + pair("R", d.primaries[kRed]) +
         pair("WP", d.white) + "L(" + number(d.maxLuminance, luminanceUnit) + "," +
         number(d.minLuminance, luminanceUnit) + ")";
}

}  // namespace

HdrMetadata hdrMetadataOf(const AVStream& stream) {
  return metadataOf(streamSideData(stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA).data(),
                    streamSideData(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL).data());
}

HdrMetadata hdrMetadataOf(const AVFrame& picture) {
  const auto data = [&](AVFrameSideDataType type) {
    const AVFrameSideData* found = av_frame_get_side_data(&picture, type);
    return found ? found->data : nullptr;
  };
  return metadataOf(data(AV_FRAME_DATA_MASTERING_DISPLAY_METADATA), data(AV_FRAME_DATA_CONTENT_LIGHT_LEVEL));
}

void addHdrMetadata(AVStream& stream, const HdrMetadata& metadata) {
  if (metadata.display) {
    size_t size = 0;
    AVMasteringDisplayMetadata* display = newMasteringDisplay(size);
    if (!display) throw std::bad_alloc();
    const MasteringDisplay& from = *metadata.display;
    for (size_t i = 0; i < 2; i++) {
      for (size_t c = 0; c < 3; c++) display->display_primaries[c][i] = {from.primaries[c][i], kChromaUnit};
      display->white_point[i] = {from.white[i], kChromaUnit};
    }
    display->max_luminance = {static_cast<int>(from.maxLuminance), kLuminanceUnit};
    display->min_luminance = {static_cast<int>(from.minLuminance), kLuminanceUnit};
    display->has_primaries = display->has_luminance = 1;
    av(addStreamSideData(stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, display, size), "stream side data",
       ErrorCode::OUTPUT_FAILED);
  }
  if (metadata.light) {
    size_t size = 0;
    AVContentLightMetadata* light = av_content_light_metadata_alloc(&size);
    if (!light) throw std::bad_alloc();
    light->MaxCLL = static_cast<unsigned>(metadata.light->max);
    light->MaxFALL = static_cast<unsigned>(metadata.light->maxAverage);
    av(addStreamSideData(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, light, size), "stream side data",
       ErrorCode::OUTPUT_FAILED);
  }
}

std::string displayAsIntegers(const MasteringDisplay& display) {
  return text(display, 1, 1, 0);
}

std::string displayAsDecimals(const MasteringDisplay& display) {
  return text(display, kChromaUnit, kLuminanceUnit, 5);
}

std::string lightAsText(const ContentLight& light) {
  return std::to_string(light.max) + "," + std::to_string(light.maxAverage);
}

}  // namespace framepath::media
