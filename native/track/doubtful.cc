#include "track/doubtful.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace framepath::track {

namespace {

// Where each identity is known to be, from the first frame of a segment that waits on.
class Presence {
 public:
  explicit Presence(const SourceRecord& record) {
    int64_t from = INT64_MAX;
    for (const auto& [number, segment] : record.segments)
      if (!segment.trail.empty()) from = std::min(from, segment.trail.firstOrdinal());
    for (const auto& [key, person] : record.persons) {
      if (person.id == 0) continue;
      for (const Stretch& stretch : person.stretches)
        if (stretch.last.ordinal >= from) places_[person.id].push_back(stretch);
    }
  }
  void add(int32_t id, const std::vector<Stretch>& stretches) {
    std::vector<Stretch>& places = places_[id];
    places.insert(places.end(), stretches.begin(), stretches.end());
  }
  bool free(int32_t id, const std::vector<Stretch>& stretches) const {
    const auto found = places_.find(id);
    if (found == places_.end()) return true;
    for (const Stretch& stretch : stretches)
      for (const Stretch& place : found->second)
        if (stretch.shares(place)) return false;
    return true;
  }

 private:
  std::map<int32_t, std::vector<Stretch>> places_;
};

float distanceTo(const SourceRecord& record, const EmbeddingSpace& space, const Segment& segment, int32_t id) {
  const auto known = record.identities.find(id);
  if (known == record.identities.end()) return std::numeric_limits<float>::infinity();
  return setDistance(space, segment.embeddings, known->second);
}

Person& personOf(Persons& persons, const Claim& claim, const Segment& segment) {
  Person& person = persons[claim.id ? PersonKey{claim.id, 0} : PersonKey{0, segment.track}];
  person.id = claim.id;
  return person;
}

}  // namespace

std::vector<Claim> claimSegments(const SourceRecord& record, const EmbeddingSpace& space) {
  std::map<int64_t, std::vector<std::pair<uint32_t, const Segment*>>> byTrack;
  Presence presence(record);
  for (const auto& [number, segment] : record.segments) {
    byTrack[segment.track].emplace_back(number, &segment);
    if (segment.proved && segment.id) presence.add(segment.id, segment.trail.stretches());
  }
  std::vector<Claim> claims;
  for (const auto& [track, segments] : byTrack) {
    const auto past = record.pasts.find(track);
    TrackPast before = past == record.pasts.end() ? TrackPast{} : past->second;
    for (size_t i = 0; i < segments.size(); i++) {
      const auto& [number, segment] = segments[i];
      if (segment->proved && segment->id) {
        claims.push_back({number, segment->id});
        before = {segment->id, false};
        continue;
      }
      before.foundAgain |= (segment->marks & kTrackRecovered) != 0;
      int32_t after = 0;
      for (size_t j = i + 1; j < segments.size() && !after; j++)
        if (segments[j].second->proved) after = segments[j].second->id;
      // In the order of likelihood; the first one that is not elsewhere at that time gets the rows.
      std::vector<int32_t> order{before.proved, after};
      if (!segment->embeddings.empty() && before.proved && after && before.proved != after) {
        if (distanceTo(record, space, *segment, after) < distanceTo(record, space, *segment, before.proved))
          std::swap(order[0], order[1]);
      } else if (before.foundAgain && after) {
        std::swap(order[0], order[1]);
      }
      const std::vector<Stretch> stretches = segment->trail.stretches();
      int32_t chosen = 0;
      for (const int32_t id : order)
        if (id && !chosen && presence.free(id, stretches)) chosen = id;
      if (chosen) presence.add(chosen, stretches);
      claims.push_back({number, chosen});
    }
  }
  return claims;
}

Persons allPersons(const SourceRecord& record, const EmbeddingSpace& space) {
  Persons persons = record.persons;
  for (const Claim& claim : claimSegments(record, space)) {
    const Segment& segment = record.segments.at(claim.segment);
    if (!segment.trail.empty()) personOf(persons, claim, segment).add(segment, space);
  }
  return persons;
}

void settleOldest(SourceRecord& record, const EmbeddingSpace& space) {
  size_t closed = 0;
  for (const auto& [number, segment] : record.segments) closed += segment.closed;
  std::set<uint32_t> oldest;
  for (const auto& [number, segment] : record.segments)
    if (segment.closed && oldest.size() < (closed + 1) / 2) oldest.insert(number);
  for (const Claim& claim : claimSegments(record, space)) {
    if (!oldest.contains(claim.segment)) continue;
    const auto found = record.segments.find(claim.segment);
    const Segment& segment = found->second;
    if (!segment.trail.empty()) personOf(record.persons, claim, segment).add(segment, space);
    TrackPast& past = record.pasts[segment.track];
    if (segment.proved && segment.id)
      past = {segment.id, false};
    else
      past.foundAgain |= (segment.marks & kTrackRecovered) != 0;
    record.segments.erase(found);
  }
  std::set<int64_t> goOn;
  for (const auto& [number, segment] : record.segments) goOn.insert(segment.track);
  std::erase_if(record.pasts, [&](const auto& entry) { return !goOn.contains(entry.first); });
}

}  // namespace framepath::track
