#include "media/versions.h"

#include "media/av.h"
#include "media/encoder.h"

extern "C" {
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

// Of the bundle (scripts/bundle/av/module.c); the system's libraries have no such function.
extern "C" __attribute__((weak)) const char* framepath_av_about();

namespace framepath::media {
namespace {

std::string versionText(unsigned version) {
  return std::to_string(AV_VERSION_MAJOR(version)) + "." + std::to_string(AV_VERSION_MINOR(version)) + "." +
         std::to_string(AV_VERSION_MICRO(version));
}

}  // namespace

std::map<std::string, std::string> libavVersions() {
  return {{"libavformat", versionText(avformat_version())},
          {"libavcodec", versionText(avcodec_version())},
          {"libavutil", versionText(avutil_version())},
          {"libswscale", versionText(swscale_version())},
          {"libswresample", versionText(swresample_version())}};
}

std::string bundledLibraries() {
  return framepath_av_about ? framepath_av_about() : "";
}

std::map<std::string, std::string> availableEncoders() {
  std::map<std::string, std::string> found;
  const std::pair<const char*, std::vector<const char*>> wanted[] = {{"h264", {"libx264", "libopenh264"}},
                                                                     {"hevc", {"libx265"}},
                                                                     {"av1", {"libsvtav1", "libaom-av1", "librav1e"}},
                                                                     {"aac", {"aac"}}};
  for (const auto& [codec, names] : wanted)
    for (const char* name : names)
      if (avcodec_find_encoder_by_name(name)) {
        found[codec] = name;
        break;
      }
  return found;
}

}  // namespace framepath::media
