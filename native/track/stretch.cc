#include "track/stretch.h"

#include <algorithm>
#include <cmath>

#include "track/varint.h"

namespace framepath::track {

namespace {

constexpr double kMaxSpeed = 6;  // box heights a second

// The unbroken parts of a stretch, one after the other.
class Parts {
 public:
  explicit Parts(const Stretch& stretch) : stretch_(stretch), first(stretch.first.ordinal) { measure(); }
  bool next() {
    if (last == stretch_.last.ordinal) return false;
    first = last + 1 + hole_;
    measure();
    return true;
  }

 private:
  void measure() {
    if (at_ == stretch_.holes.size()) {
      last = stretch_.last.ordinal;
      return;
    }
    const uint8_t* byte = stretch_.holes.data() + at_;
    const uint8_t* const end = stretch_.holes.data() + stretch_.holes.size();
    last = first + static_cast<int64_t>(readVarint(byte, end)) - 1;
    hole_ = static_cast<int64_t>(readVarint(byte, end));
    at_ = static_cast<size_t>(byte - stretch_.holes.data());
  }
  const Stretch& stretch_;
  size_t at_ = 0;
  int64_t hole_ = 0;

 public:
  int64_t first, last = 0;
};

}  // namespace

bool plausible(const SeenRow& a, const SeenRow& b) {
  const double dx = (b.box.x1 + b.box.x2 - a.box.x1 - a.box.x2) / 2,
               dy = (b.box.y1 + b.box.y2 - a.box.y1 - a.box.y2) / 2;
  const double height = std::max({1.0, static_cast<double>(a.box.height()), static_cast<double>(b.box.height())});
  return std::hypot(dx, dy) <= height * (0.5 + kMaxSpeed * static_cast<double>(b.ptsUs - a.ptsUs) / 1e6);
}

bool fillable(const SeenRow& a, const SeenRow& b) {
  return b.ptsUs - a.ptsUs <= kFillUs && plausible(a, b);
}

bool Stretch::add(const SeenRow& row) {
  if (row.ptsUs - last.ptsUs > kFillUs) return false;
  const int64_t missing = row.ordinal - last.ordinal - 1;
  if (missing > 0) {
    if (!plausible(last, row)) return false;
    appendVarint(holes, static_cast<uint64_t>(sinceHole));
    appendVarint(holes, static_cast<uint64_t>(missing));
    sinceHole = 0;
  }
  last = row;
  rows++;
  sinceHole++;
  return true;
}

bool Stretch::append(const Stretch& next) {
  if (next.track != track || next.first.ordinal != last.ordinal + 1 || next.first.ptsUs - last.ptsUs > kFillUs)
    return false;
  if (next.holes.empty()) {
    sinceHole += next.sinceHole;
  } else {
    const uint8_t* byte = next.holes.data();
    const uint8_t* const end = byte + next.holes.size();
    appendVarint(holes, static_cast<uint64_t>(sinceHole) + readVarint(byte, end));
    holes.insert(holes.end(), byte, end);
    sinceHole = next.sinceHole;
  }
  last = next.last;
  rows += next.rows;
  return true;
}

bool Stretch::shares(const Stretch& other) const {
  if (source != other.source || first.ordinal > other.last.ordinal || other.first.ordinal > last.ordinal) return false;
  Parts mine(*this), theirs(other);
  while (true) {
    if (mine.first <= theirs.last && theirs.first <= mine.last) return true;
    if (!(mine.last < theirs.last ? mine.next() : theirs.next())) return false;
  }
}

int64_t Stretch::ordinalOf(int64_t row) const {
  Parts part(*this);
  while (row > part.last - part.first) {
    row -= part.last - part.first + 1;
    if (!part.next()) return last.ordinal;
  }
  return part.first + row;
}

}  // namespace framepath::track
