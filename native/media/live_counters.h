// ReaderCounters as the reading thread counts them while others look.
#pragma once
#include <atomic>

#include "media/source_reader.h"

namespace framepath::media {

struct LiveCounters {
  std::atomic<int64_t> decoded{0}, decodeErrors{0}, skipped{0}, decodedOnGpu{0};
  ReaderCounters now() const { return {decoded, decodeErrors, skipped, decodedOnGpu}; }
};

}  // namespace framepath::media
