#include "media/wrapped_packet.h"

#include <memory>
#include <new>
#include <vector>

#include "media/ticks.h"

namespace framepath::media {

AvPacket wrapped(const Packet& packet, Rational ticks) {
  using Bytes = std::shared_ptr<const std::vector<uint8_t>>;
  AvPacket out = newPacket();
  auto held = std::make_unique<Bytes>(packet.data);
  auto* bytes = const_cast<uint8_t*>(packet.data->data());
  out->buf = av_buffer_create(
      bytes, packet.data->size(),
      [](void* opaque, uint8_t*) { std::unique_ptr<Bytes> release(static_cast<Bytes*>(opaque)); }, held.get(),
      AV_BUFFER_FLAG_READONLY);
  if (!out->buf) throw std::bad_alloc();
  held.release();
  out->data = bytes;
  out->size = static_cast<int>(packet.data->size());
  out->pts = ticksOfUs(packet.ptsUs, ticks);
  out->dts = ticksOfUs(packet.dtsUs, ticks);
  out->duration = ticksOfUs(packet.durationUs, ticks);
  if (packet.keyframe) out->flags |= AV_PKT_FLAG_KEY;
  return out;
}

}  // namespace framepath::media
