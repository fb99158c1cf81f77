// What a GPU decodes and encodes, found before a run.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "device/device.h"

namespace framepath::media {

struct NvdecFormat {
  std::string codec;   // h264, hevc, vp9 or av1
  std::string chroma;  // "4:2:0" or "4:4:4"
  int32_t depth = 8;
  int32_t minWidth = 0, minHeight = 0, maxWidth = 0, maxHeight = 0;
  int64_t maxMacroblocks = 0;  // of 16x16 pixels
};

struct Nvdec {
  std::string unavailable;           // why it decodes nothing; empty: it does
  std::vector<NvdecFormat> formats;  // what it decodes and libav hands on unchanged
};

struct GpuCodecs {
  Nvdec decodes;
  std::map<std::string, std::string> encodes;  // by codec: empty, or why not
};

// Opens a session of each encoder for a moment. Throws DEVICE_LOST.
GpuCodecs gpuCodecs(const std::shared_ptr<Device>& gpu);

}  // namespace framepath::media
