// Compressed bytes with times.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

namespace framepath {

enum class PacketStream : uint8_t { video, audio };

struct Packet {
  PacketStream stream = PacketStream::video;
  const char* codec = "";  // h264, aac, ...; static
  std::shared_ptr<const std::vector<uint8_t>> data;
  int64_t ptsUs = 0;
  int64_t dtsUs = 0;
  int64_t durationUs = 0;
  bool keyframe = false;
};

}  // namespace framepath
