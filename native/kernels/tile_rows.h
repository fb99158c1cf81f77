// One output row of a tile after another, each the cheapest way that its axes allow.
#pragma once
#include "kernels/row_across.h"
#include "kernels/row_halves.h"
#include "kernels/row_resample.h"

namespace framepath {
namespace {

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
    for (int32_t& row : fetched_) row = composeTaps(axisY, 0).first - 1;
    const bool bytes = part.depth == 8 && part.step == 1;
    copies_ = bytes && RowTable::wholePixels(axisX) && first_ >= 0 && first_ + count_ <= part.width;
    halves_ = bytes && halver_.build(axisX);
    across_ = !halves_ && acrosser_.build(arena, axisX, axisY, part);
    if (!across_ && !(halves_ && evenRows(axisY))) table_.build(arena, axisX, part);
  }

  // `component`: 0 to 2, tells those of one shape apart.
  void row(uint8_t* __restrict to, const ComposeComponent& part, int32_t component, int32_t y) {
    fetchAhead(part, component, y);
    const ComposeTaps down = composeTaps(axisY_, y);
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

  // The pieces of source rows that soon are read. Hardware follows a row, but not from its end to the next one's start.
  // (A prefetch of memory that is not there does nothing.)
  void fetchAhead(const ComposeComponent& part, int32_t component, int32_t y) {
    const ComposeTaps far = composeTaps(axisY_, y + kAhead);
    int32_t& row = fetched_[component];
    for (; row < far.first + far.count - 1; row++) {
      const uint8_t* from = part.data + static_cast<ptrdiff_t>(row + 1) * part.pitchBytes + fetchFrom_;
      for (int32_t i = 0; i < fetchBytes_; i += 64) __builtin_prefetch(from + i);
    }
  }

  // Every output row is a source row, or the mean of two.
  static bool evenRows(const ComposeAxis& axis) {
    if (axis.start % 256) return false;
    return axis.length == static_cast<int64_t>(axis.count) * 256 || axis.length == static_cast<int64_t>(axis.count) * 512;
  }
  void copyRow(uint8_t* __restrict to, const uint8_t* from) const { memcpy(to, from, static_cast<size_t>(count_)); }

  ComposeAxis axisY_ = {};
  int32_t fetchFrom_ = 0, fetchBytes_ = 0;  // of a row
  int32_t fetched_[3] = {};                 // the last row, of each component
  int32_t count_ = 0, first_ = 0;
  bool copies_ = false, halves_ = false, across_ = false;
  RowHalves halver_;
  RowAcross acrosser_;
  RowTable table_;
};

}  // namespace
}  // namespace framepath
