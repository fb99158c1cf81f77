// A fragmented MP4 made into an ordinary one: one index, at the front.
#pragma once
#include <string>

#include "media/container.h"
#include "media/source_info.h"

namespace framepath::media {

// Copies every packet to a temporary file beside `path` and renames it over `path`. On failure the temporary file goes
// and `path` stays as it was. Throws OUTPUT_DISK_FULL, OUTPUT_FAILED.
void remux(const std::string& path, const Container& container, Rational fps);

}  // namespace framepath::media
