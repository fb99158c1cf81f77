// The encoder behind a simulated NVENC session.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include <libavutil/frame.h>
}

namespace framepath::simulator {

struct Stream {
  int width = 0, height = 0;
  int fpsNum = 25, fpsDen = 1;
  int gop = 250, bFrames = 0;
  int quality = 23;     // where there is no rate
  int64_t bitrate = 0;  // bits per second
  int matrix = 2, primaries = 2, transfer = 2;
  bool fullRange = false;
  bool deep = false;  // 10 bits
};

struct Coded {
  std::vector<uint8_t> bytes;
  uint64_t time = 0;
  bool keyframe = false;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const std::vector<uint8_t>& header() const = 0;
  // An I420 picture, of 8 or 10 bits, null: no more come. Packets come out in coding order, without the header, as soon
  // as can be.
  virtual bool encode(const AVFrame* picture, bool keyframe, std::vector<Coded>& packets) = 0;
  virtual void setBitrate(int64_t bitrate) = 0;
};

// Null: it does not open.
std::unique_ptr<Backend> openX264(const Stream& stream);
// Not through libavcodec: that would open an encoder while it opens another, and wait for itself for ever.
std::unique_ptr<Backend> openX265(const Stream& stream);

}  // namespace framepath::simulator
