// blur on a host: one sliding sum a line, or a row of them side by side, instead of a new sum every kBlurRun samples;
// divisions by the window become multiplications. Same bits as blur().
#pragma once
#include <string.h>

#include "kernels/compose_rows.h"
#include "kernels/redact.h"

namespace framepath {
namespace {

// (sum + window / 2) / window for sums of `window` bytes.
class WindowMean {
 public:
  explicit WindowMean(uint32_t window) : window_(window), half_(window / 2), factor_((uint64_t{1} << 32) / window + 1) {
    // The factor is too large by less than window / 2^32 of itself, which shows in no quotient below this.
    exact_ = (uint64_t{255} * window + half_) * window < uint64_t{1} << 32;
  }
  bool exact() const { return exact_; }
  uint8_t multiplied(uint32_t sum) const { return static_cast<uint8_t>((sum + half_) * factor_ >> 32); }
  uint8_t divided(uint32_t sum) const { return static_cast<uint8_t>((sum + half_) / window_); }

 private:
  uint32_t window_, half_;
  uint64_t factor_;
  bool exact_;
};

void blurLines(const RedactPlane& p, uint8_t* scratch, int32_t radius) {
  const int32_t window = 2 * radius + 1;
  const WindowMean mean(static_cast<uint32_t>(window));
  RowArena arena(static_cast<size_t>(p.width) + window + 64);
  uint8_t* padded =
      arena.take<uint8_t>(static_cast<size_t>(p.width) + window);  // edges repeated: radius + 1 at the end
  for (int32_t y = 0; y < p.height; y++) {
    const uint8_t* from = p.data + static_cast<size_t>(y) * p.pitchBytes;
    memset(padded, from[0], static_cast<size_t>(radius));
    for (int32_t x = 0; x < p.width; x++) padded[radius + x] = from[x * p.step];
    memset(padded + radius + p.width, from[(p.width - 1) * p.step], static_cast<size_t>(radius) + 1);
    uint8_t* to = scratch + static_cast<size_t>(y) * p.width;
    uint32_t sum = 0;
    for (int32_t i = 0; i < window; i++) sum += padded[i];
    for (int32_t x = 0; x < p.width; x++) {
      to[x] = mean.exact() ? mean.multiplied(sum) : mean.divided(sum);
      sum += static_cast<uint32_t>(padded[x + window]) - padded[x];
    }
  }
}

void blurColumns(const RedactPlane& p, const uint8_t* scratch, int32_t radius) {
  const WindowMean mean(static_cast<uint32_t>(2 * radius + 1));
  RowArena arena(static_cast<size_t>(p.width) * 5 + 192);
  uint32_t* __restrict sums = arena.take<uint32_t>(p.width);
  uint8_t* __restrict means = arena.take<uint8_t>(p.width);
  memset(sums, 0, static_cast<size_t>(p.width) * 4);
  const auto row = [&](int32_t y) { return scratch + static_cast<size_t>(clampIndex(y, p.height)) * p.width; };
  for (int32_t i = -radius; i <= radius; i++) {
    const uint8_t* __restrict from = row(i);
    for (int32_t x = 0; x < p.width; x++) sums[x] += from[x];
  }
  for (int32_t y = 0; y < p.height; y++) {
    if (mean.exact())
      for (int32_t x = 0; x < p.width; x++) means[x] = mean.multiplied(sums[x]);
    else
      for (int32_t x = 0; x < p.width; x++) means[x] = mean.divided(sums[x]);
    uint8_t* to = p.data + static_cast<size_t>(y) * p.pitchBytes;
    for (int32_t x = 0; x < p.width; x++) to[x * p.step] = means[x];
    const uint8_t* __restrict enters = row(y + radius + 1);
    const uint8_t* __restrict leaves = row(y - radius);
    for (int32_t x = 0; x < p.width; x++) sums[x] += static_cast<uint32_t>(enters[x]) - leaves[x];
  }
}

void blurRows(const BlurArgs& a) {
  for (int32_t plane = 0; plane < 3; plane++) {
    const RedactPlane p = redactPlane(a.canvas, a.x, a.y, a.width, a.height, plane);
    if (p.width <= 0 || p.height <= 0) continue;
    uint8_t* scratch = a.scratch + (plane == 0 ? 0 : a.width * a.height + (plane - 1) * (a.width / 2) * (a.height / 2));
    const int32_t radius = plane == 0 ? a.radius : a.radius / 2;
    if (a.vertical)
      blurColumns(p, scratch, radius);
    else
      blurLines(p, scratch, radius);
  }
}

}  // namespace
}  // namespace framepath
