// Segments no print of their own has settled: whose are they?
#pragma once
#include <vector>

#include "track/record.h"

namespace framepath::track {

// A part of a segment with the online identity it is thought to show; 0 = nobody known.
struct Claim {
  size_t segment;
  size_t begin, end;  // rows
  int32_t id;
};

// Every row of the source is in exactly one claim. Settled segments claim their own identity; the others take that of
// the nearest settled segment of their track before or after, by prints where they have some, unless it is elsewhere
// in the picture at that time.
std::vector<Claim> claimSegments(const SourceRecord& record, const PrintSpace& space);

}  // namespace framepath::track
