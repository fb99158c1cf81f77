// A fragmented MP4 made into an ordinary one: one index, at the front.
#pragma once
#include "core/stop.h"
#include "media/container.h"
#include "media/part_file.h"
#include "media/source_info.h"

namespace framepath::media {

// Copies every packet. `fps` of the pictures; 0: unknown. Throws OUTPUT_DISK_FULL, OUTPUT_FAILED, and CANCELLED when
// `stop` passes meanwhile.
void remux(const PartFile& from, PartFile& to, const Container& container, Rational fps, const StopRef& stop);

}  // namespace framepath::media
