// One output row of a tile after another, each the cheapest way that its axes allow.
#pragma once
#include "kernels/row_across.h"
#include "kernels/row_halves.h"
#include "kernels/row_resample.h"

namespace framepath {
namespace {

// Into the cache, early. Memory that is not there does no harm.
inline void fetchAhead(const uint8_t* from, int32_t bytes) {
  for (int32_t i = 0; i < bytes; i += 64) __builtin_prefetch(from + i);
}

class TileRows {
 public:
  static size_t bytes(const ComposeAxis& axisX, const ComposeComponent& part) {
    return RowAcross::bytes(axisX) + RowTable::bytes(axisX, part);
  }

  // For all components of the shape of `part`.
  template <typename Arena>
  void build(Arena& arena, const ComposeAxis& axisX, const ComposeAxis& axisY, const ComposeComponent& part) {
    axisY_ = axisY;
    count_ = axisX.count;
    first_ = composeTaps(axisX, 0).first;
    const ComposeTaps last = composeTaps(axisX, count_ - 1);
    const int32_t sampleBytes = part.depth == 8 ? 1 : 2;
    fetchFrom_ = clampIndex(first_, part.width) * part.step * sampleBytes;
    fetchBytes_ = clampIndex(last.first + last.count, part.width) * part.step * sampleBytes - fetchFrom_;
    for (Descent& d : descents_) d = {TapWalk(axisY), 0, clampIndex(composeTaps(axisY, 0).first, part.height), {}};
    const bool bytes = part.depth == 8 && part.step == 1;
    copies_ = bytes && RowTable::wholePixels(axisX) && first_ >= 0 && first_ + count_ <= part.width;
    halves_ = bytes && halver_.build(axisX);
    if ((copies_ && RowTable::wholePixels(axisY)) || (halves_ && evenRows(axisY))) return;
    across_ = !halves_ && acrosser_.build(arena, axisX, axisY, part);
    if (!across_) table_.build(arena, axisX, part);
  }

  // Rows one after the other. `component`: 0 to 2, distinguishes those of one shape. `pitchBytes`: from one target row
  // to the next, 0 if there is but one.
  void row(uint8_t* __restrict to, const ComposeComponent& part, int32_t component, int32_t y, int32_t pitchBytes = 0) {
    const ComposeTaps down = descend(part, component, y);
    // Stores that follow one another closely need no help.
    if (pitchBytes && !copies_ && !halves_ && y + kAhead < axisY_.count)
      fetchAhead(to + static_cast<ptrdiff_t>(kAhead) * pitchBytes, count_);
    const auto source = [&](int32_t j) {
      return part.data + static_cast<size_t>(clampIndex(down.first + j, part.height)) * part.pitchBytes;
    };
    const int32_t weight = composeWeight(down, 0);
    if (copies_ && weight == 256) return copyRow(to, source(0) + first_);
    if (halves_ && weight == 256) return halver_.row(to, source(0), source(0), part.width);
    if (halves_ && weight == 128 && down.count == 2) return halver_.row(to, source(0), source(1), part.width);
    if (across_) return acrosser_.row(to, part, component, down);
    table_.row(to, part, down);
  }

 private:
  static constexpr int32_t kAhead = 6;  // output rows
  static constexpr int32_t kTurn = 8;   // more than kAhead

  // How far a component has come.
  struct Descent {
    TapWalk walk;
    int32_t walked, fetched;  // output rows; source rows
    ComposeTaps taps[kTurn];  // of output row y at y % kTurn
  };

  // The taps of output row y. Fetches the pieces of source rows that soon are read: hardware follows a row, but not
  // from its end to the next one's start.
  const ComposeTaps& descend(const ComposeComponent& part, int32_t component, int32_t y) {
    Descent& d = descents_[component];
    for (; d.walked <= y + kAhead; d.walked++) {
      const ComposeTaps& far = d.taps[d.walked % kTurn] = d.walk.next();
      for (const int32_t end = clampIndex(far.first + far.count, part.height + 1); d.fetched < end; d.fetched++)
        fetchAhead(part.data + static_cast<ptrdiff_t>(d.fetched) * part.pitchBytes + fetchFrom_, fetchBytes_);
    }
    return d.taps[y % kTurn];
  }

  // Every output row is a source row, or the mean of two.
  static bool evenRows(const ComposeAxis& axis) {
    if (axis.start % 256) return false;
    return RowTable::wholePixels(axis) || axis.length == static_cast<int64_t>(axis.count) * 512;
  }
  void copyRow(uint8_t* __restrict to, const uint8_t* from) const { memcpy(to, from, static_cast<size_t>(count_)); }

  ComposeAxis axisY_ = {};
  int32_t fetchFrom_ = 0, fetchBytes_ = 0;  // of a row
  Descent descents_[3] = {};
  int32_t count_ = 0, first_ = 0;
  bool copies_ = false, halves_ = false, across_ = false;
  RowHalves halver_;
  RowAcross acrosser_;
  RowTable table_;
};

}  // namespace
}  // namespace framepath
