// An encoder's packet as libav takes it.
#pragma once
#include "core/packet.h"
#include "media/av.h"
#include "media/source_info.h"

namespace framepath::media {

// Counts references to the packet's bytes instead of copying them. Times are in `ticks`.
AvPacket wrapped(const Packet& packet, Rational ticks);

}  // namespace framepath::media
