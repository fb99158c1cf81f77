#include "track/record.h"

#include <algorithm>
#include <tuple>

#include "core/error.h"

namespace framepath::track {

namespace {
constexpr int32_t kRoom = 100, kRooms = 100, kAnnex = 1'000'000, kMaxSources = 2000;
}

void keepBetter(BestShot& best, const BestShot& other) {
  if (other.source < 0) return;
  if (best.source >= 0) {
    if (other.quality < best.quality) return;
    if (other.quality == best.quality &&
        std::tie(best.source, best.track, best.ptsUs) <= std::tie(other.source, other.track, other.ptsUs))
      return;
  }
  best = other;
}

void Person::add(const Segment& segment, const EmbeddingSpace& space) {
  constexpr size_t kNear = 8;  // of the latest stretches: where the one that goes on is
  if (segment.trail.empty()) return;
  first = std::min(first, {segment.track, segment.trail.firstOrdinal()});
  for (Stretch& next : segment.trail.stretches()) {
    bool goesOn = false;
    for (size_t i = 1; i <= std::min(stretches.size(), kNear) && !goesOn; i++)
      goesOn = stretches[stretches.size() - i].append(next);
    if (!goesOn) stretches.push_back(std::move(next));
  }
  rows += segment.trail.size();
  if (id == 0)
    for (const Embedding& embedding : segment.embeddings.embeddings()) embeddings.add(space, embedding);
  keepBetter(best, segment.best);
  keepBetter(standIn, segment.trail.standIn());
}

IdAllocator::IdAllocator(int32_t source) : source_(source) {
  if (source < 0 || source >= kMaxSources) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: source " + std::to_string(source) + " is out of range",
                "a run identifies people in up to 2000 sources");
  }
}

int32_t IdAllocator::next() {
  const int32_t number = ++count_;
  if (number < kRoom && source_ < kRooms) return source_ * kRoom + number;
  if (number >= kAnnex) throw Error(ErrorCode::INTERNAL, "Identities: a source has more than a million identities");
  return (source_ + 1) * kAnnex + number;
}

}  // namespace framepath::track
