// Which identity each track of a source is, as far as that is known: for labels of boxes that came before the identity.
#pragma once
#include <cstdint>
#include <map>

#include "compose/composer.h"
#include "core/results.h"

namespace framepath::graph {

// Not thread-safe.
class KnownIds {
 public:
  void saw(const People& people);
  // Boxes whose identity was not known in their own picture get what is known of their track now.
  void fill(compose::TileBoxes& boxes) const;

 private:
  static constexpr size_t kTracks = 1024;  // the latest: numbers of tracks grow
  std::map<int64_t, int32_t> ids_;         // by track
};

}  // namespace framepath::graph
