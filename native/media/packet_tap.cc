#include "media/packet_tap.h"

#include <utility>

#include "core/clock.h"

namespace framepath::media {

OpenTaps::OpenTaps(PacketTaps taps, AVFormatContext& format, int pictureStream, int audioStream)
    : taps_(std::move(taps)), pictureStream_(pictureStream), audioStream_(audioStream) {
  if (audioStream >= 0) format.streams[audioStream]->discard = AVDISCARD_DEFAULT;
  for (const auto& tap : taps_) tap->opened(format, pictureStream, audioStream);
}

OpenTaps::~OpenTaps() {
  for (const auto& tap : taps_) tap->lost();
}

void OpenTaps::packet(const AVPacket& packet) {
  if (packet.stream_index != pictureStream_ && packet.stream_index != audioStream_) return;
  const int64_t now = nowNs();
  for (const auto& tap : taps_) tap->packet(packet, now);
}

}  // namespace framepath::media
