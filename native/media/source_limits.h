// Limits of a source; errors name the one exceeded. 0 = no limit.
#pragma once
#include <cstdint>
#include <string>

#include "media/source_info.h"

namespace framepath::media {

// All throw SOURCE_TOO_LARGE.
void requireBytes(const std::string& uri, int64_t bytes, const Limits& limits);
void requirePixels(const std::string& uri, int64_t width, int64_t height, const Limits& limits);
void requireDuration(const std::string& uri, int64_t ms, const Limits& limits);
[[noreturn]] void throwTooManyBytes(const std::string& uri, const Limits& limits);
[[noreturn]] void throwTooManyPixels(const std::string& uri, const Limits& limits);

}  // namespace framepath::media
