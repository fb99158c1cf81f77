// Who gets the packets of a live source beside its pictures: one connection serves them all.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "media/av.h"

namespace framepath::media {

// Called on the thread that opens or reads the source, one call after the other; never blocks it, and does not throw.
class PacketTap {
 public:
  virtual ~PacketTap() = default;
  // A connection is open: the first one, and one after every loss. The format lives until lost(). `audioStream` -1:
  // there is none.
  virtual void opened(const AVFormatContext& format, int pictureStream, int audioStream) = 0;
  // A packet of one of the two streams, as it was read; only valid during the call. `arrivalNs` of nowNs().
  virtual void packet(const AVPacket& packet, int64_t arrivalNs) = 0;
  // The connection is closed.
  virtual void lost() = 0;
};

using PacketTaps = std::vector<std::shared_ptr<PacketTap>>;

// The taps of one connection, from opened() to lost().
class OpenTaps {
 public:
  // `format` outlives it. The audio stream is read from here on.
  OpenTaps(PacketTaps taps, AVFormatContext& format, int pictureStream, int audioStream);
  ~OpenTaps();
  OpenTaps(const OpenTaps&) = delete;
  OpenTaps& operator=(const OpenTaps&) = delete;

  // Packets of other streams are left out.
  void packet(const AVPacket& packet);

 private:
  const PacketTaps taps_;
  const int pictureStream_, audioStream_;
};

}  // namespace framepath::media
