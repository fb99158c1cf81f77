// A video file whose pictures a simulated decoder shows: its packets, and their pictures as libavcodec decodes them in
// software.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace framepath::simulator {

struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using Picture = std::shared_ptr<AVFrame>;

class Clip {
 public:
  // Read once, as long as the file stays the same; null: no video.
  static std::shared_ptr<const Clip> open(const std::string& path);
  ~Clip();

  AVCodecID codec() const { return parameters_->codec_id; }
  size_t packets() const { return packets_.size(); }
  // The packet, from `from` on and then from the beginning, that holds these bytes; packets() = none.
  size_t find(const uint8_t* bytes, size_t count, size_t from) const;

 private:
  friend class ClipPictures;
  struct Packet {
    std::vector<uint8_t> bytes;
    bool keyframe = false;
  };

  AVCodecParameters* parameters_ = nullptr;
  std::vector<Packet> packets_;
};

// Where pictures are asked for more or less in order.
class ClipPictures {
 public:
  explicit ClipPictures(std::shared_ptr<const Clip> clip);
  ~ClipPictures();

  const Clip& clip() const { return *clip_; }
  // Of a packet, uncropped; null: it has none of its own.
  Picture of(size_t packet);

 private:
  void startBefore(size_t packet);
  void receive();

  const std::shared_ptr<const Clip> clip_;
  AVCodecContext* context_ = nullptr;
  std::map<size_t, Picture> pictures_;  // by packet
  size_t next_ = 0;                     // packet to be sent
};

}  // namespace framepath::simulator
