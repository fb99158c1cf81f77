// What a source's gallery writes down and relinking reads: segments of tracks.
#pragma once
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "track/identity.h"
#include "track/print_set.h"

namespace framepath::track {

// A stretch of one track in which it shows one person: a new one begins wherever that may have changed (found again, touching
// another track, apart again, a jump in shape).
struct Segment {
  explicit Segment(int64_t track, uint8_t marks, int32_t id) : track(track), marks(marks), id(id) {}
  int64_t track;
  uint8_t marks;        // of its first row
  int32_t id;           // online identity; 0 = none yet
  bool proved = false;  // by prints of its own; otherwise `id` is only carried over from the segment before
  std::vector<TrackRow> rows;
  PrintSet prints{12};
  BestShot best;
};

struct FrameStamp {
  int64_t index, ptsUs;
};

struct SourceRecord {
  explicit SourceRecord(int32_t source) : source(source) {}
  const int32_t source;
  mutable std::mutex mutex;  // guards everything below
  std::vector<FrameStamp> frames;
  std::vector<Segment> segments;  // in the order they began
  std::unordered_map<int32_t, PrintSet> identities;  // online, and those of the bank
};

// Numbers for the identities of one source, without asking the others: 1..99 in the first source, 101..199 in the second,
// so that ids are unique over the run and yet the same on every run.
class IdAllocator {
 public:
  explicit IdAllocator(int32_t source);  // throws INVALID_ARGUMENT beyond 2000 sources
  int32_t next();

 private:
  int32_t source_, count_ = 0;
};

}  // namespace framepath::track
