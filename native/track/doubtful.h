// Segments that no embedding of their own has settled: whose are they?
#pragma once
#include <vector>

#include "track/record.h"

namespace framepath::track {

// A segment with the online identity it is thought to show; 0 = no known person.
struct Claim {
  uint32_t segment;
  int32_t id;
};

// Every segment that waits, by track. Settled ones claim their own identity; the others take that of the nearest
// settled segment of their track before or after, by embeddings where they have some, unless it is elsewhere in the
// picture at that time.
std::vector<Claim> claimSegments(const SourceRecord& record, const EmbeddingSpace& space);

// Everybody, as far as known now.
Persons allPersons(const SourceRecord& record, const EmbeddingSpace& space);

// Makes the older half of the closed segments, as claimed now, part of persons for good.
void settleOldest(SourceRecord& record, const EmbeddingSpace& space);

}  // namespace framepath::track
