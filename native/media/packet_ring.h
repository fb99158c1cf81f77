// The last seconds of a live source as it came, compressed: what a clip around an event is made of.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "media/hdr_metadata.h"
#include "media/packet_tap.h"

namespace framepath::media {

// What the packets of one or more connections are of.
struct RingStreams {
  AvCodecParameters picture, audio;  // audio null: there is none
  AVRational fps;
  HdrMetadata hdrMetadata;  // of the pictures
};

struct RingPacket {
  AvPacket packet;
  bool audio = false;
  bool keyframe = false;         // of the pictures
  bool afterGap = false;         // the first picture of another connection
  int64_t ptsUs = 0, dtsUs = 0;  // on one time line, which goes on over losses by the clock
  int64_t arrivalNs = 0;         // of nowNs()
  std::shared_ptr<const RingStreams> streams;
};
using RingPacketRef = std::shared_ptr<const RingPacket>;

// Who gets packets of a ring: those that it keeps, then every new one. A full queue drops what comes, up to a keyframe.
class RingReader {
 public:
  explicit RingReader(int64_t maxBytes) : maxBytes_(maxBytes) {}
  // Waits at most `ns`; null: none has come. One thread takes.
  RingPacketRef take(int64_t ns);
  int64_t dropped() const;  // packets that there was no room for

 private:
  friend class PacketRing;
  void put(RingPacketRef packet);

  const int64_t maxBytes_;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<RingPacketRef> waiting_;
  int64_t bytes_ = 0, dropped_ = 0;
  bool untilKeyframe_ = true, begun_ = false;
};

// Keeps whole groups of pictures: from the last keyframe that is `preMs` old on, and at most `maxBytes`; of a group
// that is larger itself nothing is kept, nor of a stream that came back as another. Thread-safe; the thread that reads
// the source never waits for more than a copy.
class PacketRing final : public PacketTap {
 public:
  PacketRing(int64_t preMs, int64_t maxBytes) : preNs_(preMs * 1'000'000), maxBytes_(maxBytes) {}

  void opened(const AVFormatContext& format, int pictureStream, int audioStream) override;
  void packet(const AVPacket& packet, int64_t arrivalNs) override;
  void lost() override;

  int64_t preMs() const { return preNs_ / 1'000'000; }
  int64_t maxBytes() const { return maxBytes_; }
  // From the last keyframe that came at or before `sinceNs` on, else from the first that is kept. What an outage ended
  // before that time is left out.
  std::shared_ptr<RingReader> read(int64_t sinceNs);
  void end(const std::shared_ptr<RingReader>& reader);
  int64_t bytes() const;

 private:
  struct Group {
    std::vector<RingPacketRef> packets;
    int64_t bytes = 0;
    int64_t arrivalNs() const { return packets.front()->arrivalNs; }
    int64_t endNs() const { return packets.back()->arrivalNs; }
    bool afterGap() const { return packets.front()->afterGap; }
  };
  bool place(RingPacket& packet, AVRational timeBase);
  void keep(RingPacketRef packet);
  void dropOld();

  const int64_t preNs_, maxBytes_;
  mutable std::mutex mutex_;
  std::deque<Group> groups_;
  int64_t bytes_ = 0;
  std::vector<std::shared_ptr<RingReader>> readers_;
  std::shared_ptr<const RingStreams> streams_;
  int pictureStream_ = -1, audioStream_ = -1;
  AVRational pictureBase_{1, 1'000'000}, audioBase_{1, 1'000'000};
  bool anchored_ = false;  // times of this connection have a place on the time line
  bool untilKeyframe_ = true;
  bool gap_ = false;
  int64_t shiftUs_ = 0;              // from the connection's times to the time line
  int64_t lastUs_ = 0, lastNs_ = 0;  // the latest picture's dts there, and when it came; 0: none has
};

}  // namespace framepath::media
