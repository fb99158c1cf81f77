// How many embeddings a source keeps of the people it has seen, however many they are.
#pragma once
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "track/embedding_set.h"
#include "track/identity.h"

namespace framepath::track {

// The people seen last keep all of theirs, those before them a few of the best, and of the rest the ones with the least
// evidence lose theirs. Those of a bank keep everything: their number is the caller's.
class Retention {
 public:
  Retention(const IdentityLimits& limits, const EmbeddingSpace& space) : limits_(limits), space_(space) {}

  void born(int32_t id);
  // Every so many births; `lastSeen` gives the frame an identity was last seen in.
  void apply(std::unordered_map<int32_t, EmbeddingSet>& identities, GalleryCounts& counts,
             const std::function<int64_t(int32_t)>& lastSeen);

 private:
  const IdentityLimits limits_;
  const EmbeddingSpace space_;
  std::vector<int32_t> known_;  // born here, with embeddings
  size_t births_ = 0;           // since the last time
};

}  // namespace framepath::track
