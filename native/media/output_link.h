// What is known of an output's connection, by those who do not write to it.
#pragma once
#include <atomic>
#include <cstdint>

#include "generated/media_enums.h"

namespace framepath::media {

// Thread-safe. Written by the thread that writes the output, but for `byClock`.
struct OutputLink {
  std::atomic<Connection> connection{Connection::none};
  std::atomic<int64_t> reconnects{0};
  std::atomic<bool> byClock{false};  // from here on, whatever OutputOptions had
  std::atomic<int64_t> lost{0};      // packets of pictures left out while it was away
};

}  // namespace framepath::media
