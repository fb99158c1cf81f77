#include "track/retention.h"

#include <algorithm>

namespace framepath::track {

void Retention::born(int32_t id) {
  births_++;
  known_.push_back(id);
}

void Retention::apply(std::unordered_map<int32_t, EmbeddingSet>& identities, GalleryCounts& counts,
                      const std::function<int64_t(int32_t)>& lastSeen) {
  // In steps, so that sorting costs nothing that counts.
  if (known_.size() <= limits_.full || births_ <= std::max<size_t>(1, limits_.full / 4)) return;
  births_ = 0;
  std::erase_if(known_, [&](int32_t id) {  // some were nobody after all
    const auto found = identities.find(id);
    return found == identities.end() || found->second.empty();
  });
  if (known_.size() <= limits_.full) return;
  std::sort(known_.begin(), known_.end(), [&](int32_t a, int32_t b) {
    const int64_t seenA = lastSeen(a), seenB = lastSeen(b);
    return seenA != seenB ? seenA > seenB : a > b;
  });
  for (size_t i = limits_.full; i < known_.size(); i++) {
    EmbeddingSet& embeddings = identities.at(known_[i]);
    if (static_cast<int32_t>(embeddings.size()) <= limits_.thin) continue;
    embeddings.setCapacity(space_, limits_.thin);
    counts.thinned++;
  }
  if (known_.size() <= limits_.known) return;
  const auto poor = known_.begin() + static_cast<std::ptrdiff_t>(std::min(limits_.full, limits_.known));
  std::sort(poor, known_.end(), [&](int32_t a, int32_t b) {
    const float weightA = identities.at(a).weight(), weightB = identities.at(b).weight();
    return weightA != weightB ? weightA > weightB : a > b;
  });
  for (size_t i = limits_.known; i < known_.size(); i++) identities.at(known_[i]) = EmbeddingSet(1);
  counts.forgotten += static_cast<int64_t>(known_.size() - limits_.known);
  known_.resize(limits_.known);
}

}  // namespace framepath::track
