// blur on a host: one sliding sum a line, or a row of them side by side, instead of a new sum every kBlurRun samples;
// divisions by the window become multiplications. Same bits as blur() and blurDeep().
#pragma once
#include <string.h>

#include "kernels/compose_rows.h"
#include "kernels/redact.h"

namespace framepath {
namespace {

// (sum + window / 2) / window for sums of `window` samples.
template <typename Sample>
class WindowMean {
 public:
  explicit WindowMean(uint32_t window) : window_(window), half_(window / 2), factor_((uint64_t{1} << 32) / window + 1) {
    // The factor is too large by less than window / 2^32 of itself, which shows in no quotient below this.
    exact_ = (uint64_t{CanvasSamples<Sample>::most} * window + half_) * window < uint64_t{1} << 32;
  }
  bool exact() const { return exact_; }
  Sample multiplied(uint32_t sum) const { return static_cast<Sample>((sum + half_) * factor_ >> 32); }
  Sample divided(uint32_t sum) const { return static_cast<Sample>((sum + half_) / window_); }

 private:
  uint32_t window_, half_;
  uint64_t factor_;
  bool exact_;
};

template <typename Sample>
void blurLines(const RedactPlane<Sample>& p, Sample* scratch, int32_t radius) {
  const int32_t window = 2 * radius + 1;
  const WindowMean<Sample> mean(static_cast<uint32_t>(window));
  RowArena arena((static_cast<size_t>(p.width) + window) * sizeof(Sample) + 64);
  Sample* padded = arena.take<Sample>(static_cast<size_t>(p.width) + window);  // edges repeated: radius + 1 at the end
  for (int32_t y = 0; y < p.height; y++) {
    const Sample* from = p.data + static_cast<size_t>(y) * p.pitch;
    for (int32_t x = 0; x < p.width; x++) padded[radius + x] = static_cast<Sample>(from[x * p.step] >> p.shift);
    const Sample first = padded[radius], last = padded[radius + p.width - 1];
    for (int32_t i = 0; i < radius; i++) padded[i] = first;
    for (int32_t i = 0; i <= radius; i++) padded[radius + p.width + i] = last;
    Sample* to = scratch + static_cast<size_t>(y) * p.width;
    uint32_t sum = 0;
    for (int32_t i = 0; i < window; i++) sum += padded[i];
    for (int32_t x = 0; x < p.width; x++) {
      to[x] = mean.exact() ? mean.multiplied(sum) : mean.divided(sum);
      sum += static_cast<uint32_t>(padded[x + window]) - padded[x];
    }
  }
}

template <typename Sample>
void blurColumns(const RedactPlane<Sample>& p, const Sample* scratch, int32_t radius) {
  const WindowMean<Sample> mean(static_cast<uint32_t>(2 * radius + 1));
  RowArena arena(static_cast<size_t>(p.width) * (4 + sizeof(Sample)) + 192);
  uint32_t* __restrict sums = arena.take<uint32_t>(p.width);
  Sample* __restrict means = arena.take<Sample>(p.width);
  memset(sums, 0, static_cast<size_t>(p.width) * 4);
  const auto row = [&](int32_t y) { return scratch + static_cast<size_t>(clampIndex(y, p.height)) * p.width; };
  for (int32_t i = -radius; i <= radius; i++) {
    const Sample* __restrict from = row(i);
    for (int32_t x = 0; x < p.width; x++) sums[x] += from[x];
  }
  for (int32_t y = 0; y < p.height; y++) {
    if (mean.exact())
      for (int32_t x = 0; x < p.width; x++) means[x] = mean.multiplied(sums[x]);
    else
      for (int32_t x = 0; x < p.width; x++) means[x] = mean.divided(sums[x]);
    Sample* to = p.data + static_cast<size_t>(y) * p.pitch;
    for (int32_t x = 0; x < p.width; x++) to[x * p.step] = static_cast<Sample>(means[x] << p.shift);
    const Sample* __restrict enters = row(y + radius + 1);
    const Sample* __restrict leaves = row(y - radius);
    for (int32_t x = 0; x < p.width; x++) sums[x] += static_cast<uint32_t>(enters[x]) - leaves[x];
  }
}

template <typename Sample>
void blurRows(const BlurArgs& a) {
  for (int32_t plane = 0; plane < 3; plane++) {
    const RedactPlane<Sample> p = redactPlane<Sample>(a.canvas, a.x, a.y, a.width, a.height, plane);
    if (p.width <= 0 || p.height <= 0) continue;
    const int32_t radius = plane == 0 ? a.radius : a.radius / 2;
    if (a.vertical)
      blurColumns<Sample>(p, blurScratch<Sample>(a, plane), radius);
    else
      blurLines<Sample>(p, blurScratch<Sample>(a, plane), radius);
  }
}

}  // namespace
}  // namespace framepath
