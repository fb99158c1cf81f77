#include "track/doubtful.h"

#include <algorithm>
#include <map>
#include <set>

namespace framepath::track {

namespace {

// Where each identity is known to be: frames of its settled segments.
class Presence {
 public:
  void add(int32_t id, const std::vector<TrackRow>& rows, size_t begin, size_t end) {
    std::set<int64_t>& frames = frames_[id];
    for (size_t i = begin; i < end; i++) frames.insert(rows[i].frameIndex);
  }
  bool free(int32_t id, const std::vector<TrackRow>& rows, size_t begin, size_t end) const {
    const auto found = frames_.find(id);
    if (found == frames_.end()) return true;
    for (size_t i = begin; i < end; i++) {
      if (found->second.contains(rows[i].frameIndex)) return false;
    }
    return true;
  }

 private:
  std::map<int32_t, std::set<int64_t>> frames_;
};

float distanceTo(const SourceRecord& record, const PrintSpace& space, const Segment& segment, int32_t id) {
  const auto known = record.identities.find(id);
  if (known == record.identities.end()) return std::numeric_limits<float>::infinity();
  return setDistance(space, segment.prints, known->second);
}

}  // namespace

std::vector<Claim> claimSegments(const SourceRecord& record, const PrintSpace& space) {
  std::map<int64_t, std::vector<size_t>> byTrack;
  Presence presence;
  for (size_t i = 0; i < record.segments.size(); i++) {
    const Segment& segment = record.segments[i];
    byTrack[segment.track].push_back(i);
    if (segment.proved && segment.id) presence.add(segment.id, segment.rows, 0, segment.rows.size());
  }
  std::vector<Claim> claims;
  for (const auto& [track, segments] : byTrack) {
    for (size_t i = 0; i < segments.size(); i++) {
      const Segment& segment = record.segments[segments[i]];
      const size_t rows = segment.rows.size();
      if (segment.proved && segment.id) {
        claims.push_back({segments[i], 0, rows, segment.id});
        continue;
      }
      int32_t before = 0, after = 0;
      bool foundAgain = segment.marks & kTrackRecovered;  // a break between the settled segment before and this one
      for (size_t j = i; j-- > 0 && !before;) {
        if (record.segments[segments[j]].proved) before = record.segments[segments[j]].id;
        else foundAgain |= (record.segments[segments[j]].marks & kTrackRecovered) != 0;
      }
      for (size_t j = i + 1; j < segments.size() && !after; j++) {
        if (record.segments[segments[j]].proved) after = record.segments[segments[j]].id;
      }
      // In the order of likelihood; the first one that is not elsewhere at that time gets the rows.
      std::vector<int32_t> order{before, after};
      if (!segment.prints.empty() && before && after && before != after) {
        if (distanceTo(record, space, segment, after) < distanceTo(record, space, segment, before)) std::swap(order[0], order[1]);
      } else if (foundAgain && after) {
        std::swap(order[0], order[1]);
      }
      int32_t chosen = 0;
      for (const int32_t id : order) {
        if (id && !chosen && presence.free(id, segment.rows, 0, rows)) chosen = id;
      }
      if (chosen) presence.add(chosen, segment.rows, 0, rows);
      claims.push_back({segments[i], 0, rows, chosen});
    }
  }
  return claims;
}

}  // namespace framepath::track
