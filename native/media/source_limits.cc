#include "media/source_limits.h"

#include "core/error.h"

namespace framepath::media {
namespace {

[[noreturn]] void throwTooLarge(const std::string& uri, const std::string& is, const char* limit, int64_t most) {
  throw Error(ErrorCode::SOURCE_TOO_LARGE,
              "\"" + uri + "\" " + is + "; limits." + limit + " is " + std::to_string(most) + ".",
              std::string("Give a smaller source, or raise limits.") + limit + ".");
}

}  // namespace

void requireBytes(const std::string& uri, int64_t bytes, const Limits& limits) {
  if (limits.maxBytes > 0 && bytes > limits.maxBytes)
    throwTooLarge(uri, "has " + std::to_string(bytes) + " bytes", "maxBytes", limits.maxBytes);
}

void requirePixels(const std::string& uri, int64_t width, int64_t height, const Limits& limits) {
  if (limits.maxPixels > 0 && width > 0 && height > limits.maxPixels / width)
    throwTooLarge(uri, "has pictures of " + std::to_string(width) + "x" + std::to_string(height) + " pixels",
                  "maxPixels", limits.maxPixels);
}

void requireDuration(const std::string& uri, int64_t ms, const Limits& limits) {
  if (limits.maxDurationMs > 0 && ms > limits.maxDurationMs)
    throwTooLarge(uri, "lasts " + std::to_string(ms) + " ms or more", "maxDurationMs", limits.maxDurationMs);
}

void throwTooManyBytes(const std::string& uri, const Limits& limits) {
  throwTooLarge(uri, "has more bytes with all that it names", "maxBytes", limits.maxBytes);
}

void throwTooManyPixels(const std::string& uri, const Limits& limits) {
  throwTooLarge(uri, "has pictures with more pixels", "maxPixels", limits.maxPixels);
}

}  // namespace framepath::media
