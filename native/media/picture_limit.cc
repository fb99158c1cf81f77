#include "media/picture_limit.h"

#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace framepath::media {
namespace {

struct Registry {
  std::mutex mutex;
  std::unordered_map<const void*, std::atomic<bool>*> limits;  // by AVCodecContext::opaque
};
Registry& registry() {
  static Registry one;
  return one;
}

thread_local bool noticedHere = false;

// libav logs on behalf of a context that may only be a parent of the one that logs. Threads of a decoder have copies
// of its context.
const AVCodecContext* decoderOf(void* source) {
  for (int depth = 0; source && depth < 4; depth++) {
    const AVClass* kind = *static_cast<const AVClass**>(source);
    if (!kind) return nullptr;
    if (std::strcmp(kind->class_name, "AVCodecContext") == 0) return static_cast<const AVCodecContext*>(source);
    if (!kind->parent_log_context_offset) return nullptr;
    source = *reinterpret_cast<void**>(static_cast<uint8_t*>(source) + kind->parent_log_context_offset);
  }
  return nullptr;
}

}  // namespace

PictureLimit::PictureLimit(AVCodecContext& decoder, int64_t maxPixels) : key_(decoder.opaque) {
  decoder.max_pixels = maxPixels;
  std::lock_guard lock(registry().mutex);
  registry().limits.emplace(key_, &exceeded_);
}

PictureLimit::~PictureLimit() {
  std::lock_guard lock(registry().mutex);
  registry().limits.erase(key_);
}

void PictureLimit::notice(void* source, const char* format) {
  // libavutil/imgutils.c; dav1d's lib.c
  const bool dav1d = std::strstr(format, "Frame size") && std::strstr(format, "exceeds limit");
  if (!dav1d && !std::strstr(format, "exceeds specified max pixel count")) return;
  noticedHere = true;
  const AVCodecContext* decoder = decoderOf(source);
  if (!decoder || !decoder->opaque) return;
  std::lock_guard lock(registry().mutex);
  const auto found = registry().limits.find(decoder->opaque);
  if (found != registry().limits.end()) *found->second = true;
}

bool PictureLimit::takeNoticed() {
  return std::exchange(noticedHere, false);
}

}  // namespace framepath::media
