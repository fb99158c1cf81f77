// A fragmented MP4 made into an ordinary one: one index, at the front.
#pragma once
#include <string>

#include "core/stop.h"
#include "media/container.h"
#include "media/source_info.h"

namespace framepath::media {

// Copies every packet to a new file of a random name beside `path` and renames it over `path`. On failure that file
// goes and `path` stays as it was. Throws OUTPUT_DISK_FULL, OUTPUT_FAILED, and CANCELLED when `stop` passes meanwhile.
void remux(const std::string& path, const Container& container, Rational fps, const StopRef& stop);

}  // namespace framepath::media
