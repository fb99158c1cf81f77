// Where a track was seen, as stretches instead of rows: what a day of rows comes down to in memory.
#pragma once
#include <cstdint>
#include <vector>

#include "core/results.h"
#include "track/identity.h"

namespace framepath::track {

// A track in one frame. Frames of a source are counted by `ordinal`: those its gallery was given, from 0.
struct SeenRow {
  int64_t ordinal = 0;
  int64_t ptsUs = 0;
  Box box;
  float score = 0;
};

// Whether somebody can have come from `a` to `b`; a gap with a larger jump is not filled.
bool plausible(const SeenRow& a, const SeenRow& b);
// The gap between two rows of one person is short and small enough to be filled.
bool fillable(const SeenRow& a, const SeenRow& b);

// Rows of one track without a gap but for `holes`, which are fillable.
struct Stretch {
  int32_t source = 0;
  bool joined = false;  // the track showed the same person since its stretch before
  int64_t track = 0;
  SeenRow first, last;
  int64_t rows = 0;
  int64_t sinceHole = 0;       // rows after the last hole
  std::vector<uint8_t> holes;  // pairs of varints: rows before the hole, frames in it

  Stretch(int32_t source, bool joined, int64_t track, const SeenRow& row)
      : source(source), joined(joined), track(track), first(row), last(row), rows(1), sinceHole(1) {}

  int64_t frames() const { return last.ordinal - first.ordinal + 1; }  // those of the holes too
  bool add(const SeenRow& row);                                        // false: the gap before it is no hole
  bool append(const Stretch& next);                                    // false: there is a gap between them
  bool shares(const Stretch& other) const;                             // a frame in which both have a row
  int64_t ordinalOf(int64_t row) const;                                // of the row with this number, from 0
};

}  // namespace framepath::track
