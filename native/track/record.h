// What a source's gallery writes down and relinking reads. Segments wait for their identity; settled ones become part
// of a person, who is a record of constant size and a stretch a visit. Rows go to the spool, where they are wanted.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "track/embedding_set.h"
#include "track/identity.h"
#include "track/row_spool.h"
#include "track/trail.h"

namespace framepath::track {

// A part of one track in which it shows one person: a new one begins wherever that may have changed (found again,
// touching another track, apart again, a jump in shape).
struct Segment {
  Segment(int32_t source, int64_t track, uint8_t marks, int32_t id)
      : track(track), marks(marks), id(id), trail(source, track) {}
  int64_t track;
  uint8_t marks;        // of its first row
  int32_t id;           // online identity; 0 = none yet
  bool proved = false;  // by embeddings of its own; otherwise `id` is only carried over from the segment before
  bool closed = false;  // nothing of it changes any more
  Trail trail;
  EmbeddingSet embeddings{12};
  BestShot best;
};

// Somebody: an online identity, or the segments of a track that nobody known was found in.
struct Person {
  int32_t id = 0;  // online; 0 = none
  std::vector<Stretch> stretches;
  int64_t rows = 0;
  EmbeddingSet embeddings{48};  // of somebody without an id
  BestShot best, standIn;

  std::pair<int64_t, int64_t> first{INT64_MAX, INT64_MAX};  // track and ordinal: the order of persons
  void add(const Segment& segment, const EmbeddingSpace& space);
};
// The better of two, the earlier of equals.
void keepBetter(BestShot& best, const BestShot& other);

// Who a source showed: by id and 0, or by 0 and track.
using PersonKey = std::pair<int32_t, int64_t>;
using Persons = std::map<PersonKey, Person>;

// What is to be known of the settled segments of a track that goes on.
struct TrackPast {
  int32_t proved = 0;       // the last identity proved
  bool foundAgain = false;  // it was lost and found since
};

struct SourceRecord {
  explicit SourceRecord(int32_t source) : source(source) {}
  const int32_t source;
  mutable std::mutex mutex;  // guards everything below
  int64_t frames = 0;        // ordinal of the next frame
  uint32_t nextSegment = 0;
  std::map<uint32_t, Segment> segments;  // in the order they began
  std::unordered_map<int64_t, TrackPast> pasts;
  Persons persons;                                       // out of settled segments
  std::unordered_map<int32_t, EmbeddingSet> identities;  // online, and those of the bank
  std::unique_ptr<RowSpool> spool;                       // null: rows are not wanted
};

// Numbers for the identities of one source, without asking the others: 1..99 in the first source, 101..199 in the
// second, so that ids are unique over the run and yet the same on every run.
class IdAllocator {
 public:
  explicit IdAllocator(int32_t source);  // throws INVALID_ARGUMENT beyond 2000 sources
  int32_t next();

 private:
  int32_t source_, count_ = 0;
};

}  // namespace framepath::track
