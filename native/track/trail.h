// The rows of a segment while it may still be cut in two: the newest ones each, older ones as stretches.
#pragma once
#include <cstdint>
#include <vector>

#include "track/stretch.h"

namespace framepath::track {

class Trail {
 public:
  Trail(int32_t source, int64_t track) : source_(source), track_(track) {}

  void add(const SeenRow& row);
  // Rows but for the newest `count` become stretches, at which a cut must end. Cheap when called for every row.
  void keep(size_t count);
  // Takes the rows from the first one that is not before `ordinal` and at which a cut is possible.
  Trail cut(int64_t ordinal);

  int64_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const SeenRow& back() const { return last_; }
  int64_t firstOrdinal() const { return stretches_.empty() ? rows_.front().ordinal : stretches_.front().first.ordinal; }
  int64_t ordinalOf(int64_t row) const;
  // Everything as stretches.
  std::vector<Stretch> stretches() const;
  // The largest sure box, the first of equals: stands in for a best shot where there is no embedding.
  BestShot standIn() const;

 private:
  void compact(const SeenRow& row, std::vector<Stretch>& to) const;
  void choose(const SeenRow& row, BestShot& best) const;

  int32_t source_;
  int64_t track_;
  int64_t count_ = 0;
  SeenRow last_;
  std::vector<Stretch> stretches_;
  BestShot standIn_;  // of the stretches
  std::vector<SeenRow> rows_;
};

}  // namespace framepath::track
