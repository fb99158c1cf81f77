// Output rows of an 8-bit plane that is enlarged, or shrunk to no less than about half: source rows are resampled along
// the row first, each only once; output rows mix a few of those. With 8 bits nothing is rounded between the two sums of
// composeSample(), so their order is free and the bits are the same.
#pragma once
#include <string.h>

#include "kernels/compose.h"
#include "kernels/row_mix.h"
#include "kernels/tap_walk.h"

namespace framepath {
namespace {

class RowAcross {
 public:
  static size_t bytes(const ComposeAxis& axis) {
    const size_t outputs = padded(axis.count);
    return outputs * (4 + kTaps * 4 + kComponents * kRows * 2) + outputs * 2 + 24 * 64;
  }

  // False: more taps, or taps further apart, than this is made for.
  template <typename Arena>
  bool build(Arena& arena, const ComposeAxis& axis, const ComposeAxis& down, const ComposeComponent& part) {
    // Up to 3 taps an axis and 8 outputs within kWindow samples; down, at most kRows.
    if (part.depth != 8 || axis.length > static_cast<int64_t>(axis.count) * 440 ||
        down.length > static_cast<int64_t>(down.count) * 512)
      return false;
    count_ = axis.count;
    const size_t outputs = padded(count_);
    base_ = arena.template take<int32_t>(outputs / 8);
    select_ = arena.template take<uint16_t>(outputs * kTaps);
    weights_ = arena.template take<int16_t>(outputs * kTaps);
    taps_ = axis.length > static_cast<int64_t>(axis.count) * 256 ? 3 : 2;
    low_ = composeTaps(axis, 0).first;
    TapWalk walk(axis);
    ComposeTaps t{};
    for (int32_t o = 0; o < static_cast<int32_t>(outputs); o++) {
      if (o < count_) t = walk.next();
      if (o % 8 == 0) base_[o / 8] = t.first - low_;
      const int32_t at = o / kBlock * kBlock * taps_ + o % kBlock, near = t.first - low_ - base_[o / 8];
      if (t.count > taps_ || near + t.count > kWindow) return false;
      for (int32_t k = 0; k < taps_; k++) {
        select_[at + k * kBlock] = static_cast<uint16_t>(k < t.count ? 0x8000 | (near + k) : 0x8080);
        weights_[at + k * kBlock] = static_cast<int16_t>(k < t.count ? composeWeight(t, k) : 0);
      }
    }
    span_ = t.first + t.count - low_;
    from_ = clampIndex(low_, part.width);
    to_ = clampIndex(low_ + span_ - 1, part.width) + 1;
    direct_ = part.step == 1 && low_ >= 0 && low_ + span_ + kWindow <= part.width;
    samples_ = arena.template take<uint8_t>(static_cast<size_t>(span_) + kWindow);
    memset(samples_, 0, static_cast<size_t>(span_) + kWindow);
    for (auto& component : rows_)
      for (CachedRow& row : component) row = {-1, arena.template take<int16_t>(outputs)};
    return true;
  }

  // `component`, below kComponents, distinguishes planes that use the same axes.
  void row(uint8_t* __restrict to, const ComposeComponent& part, int32_t component, const ComposeTaps& down) {
    const int16_t* rows[kRows];
    int32_t weights[kRows] = {};
    for (int32_t j = 0; j < down.count; j++) {
      rows[j] = resampled(part, component, clampIndex(down.first + j, part.height));
      weights[j] = composeWeight(down, j);
    }
    for (int32_t j = down.count; j < kRows; j++) rows[j] = rows[0];
    mixRows(to, rows, weights, down.count, count_);
  }

 private:
  static constexpr int32_t kBlock = 32, kWindow = 16, kTaps = 3, kRows = 4, kComponents = 3;
  static size_t padded(int32_t count) { return (static_cast<size_t>(count) + 63) / 64 * 64; }

  struct CachedRow {
    int32_t source;
    int16_t* sums;  // minus kColumnBias
  };

  const int16_t* resampled(const ComposeComponent& part, int32_t component, int32_t y) {
    CachedRow& row = rows_[component][y % kRows];
    if (row.source != y) {
      row.source = y;
      across(row.sums, stage(part, y));
    }
    return row.sums;
  }

  // The samples from low_ on, edges repeated and kWindow readable bytes behind them.
  const uint8_t* stage(const ComposeComponent& part, int32_t y) {
    const uint8_t* from = part.data + static_cast<size_t>(y) * part.pitchBytes + part.offset;
    if (direct_) return from + low_;
    const int32_t real = to_ - from_;
    // A rectangle beside the picture sees its edge only.
    const int32_t missing = from_ - low_ < span_ - real ? from_ - low_ : span_ - real;
    uint8_t* middle = samples_ + (missing > 0 ? missing : 0);
    if (part.step == 1)
      memcpy(middle, from + from_, static_cast<size_t>(real));
    else if (part.step == 2)
      for (int32_t i = 0; i < real; i++) middle[i] = from[2 * (from_ + i)];
    else
      for (int32_t i = 0; i < real; i++) middle[i] = from[part.step * (from_ + i)];
    memset(samples_, middle[0], static_cast<size_t>(middle - samples_));
    memset(middle + real, middle[real - 1], static_cast<size_t>(samples_ + span_ - middle - real));
    return samples_;
  }

  void across(int16_t* __restrict sums, const uint8_t* samples) const {
    if (taps_ == 2)
      acrossTaps<2>(sums, samples);
    else
      acrossTaps<3>(sums, samples);
  }

  // Eight outputs draw their taps from one window of 16 samples: a shuffle inside a lane.
  template <int32_t taps>
  void acrossTaps(int16_t* __restrict sums, const uint8_t* samples) const {
    for (int32_t o = 0; o < count_; o += kBlock) {
      const uint16_t* select = select_ + o * taps;
      const int16_t* weights = weights_ + o * taps;
      const int32_t* base = base_ + o / 8;
#if defined(__AVX512BW__)
      const auto window = [&](int32_t i) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(samples + base[i]));
      };
      __m512i windows = _mm512_castsi128_si512(window(0));
      windows = _mm512_inserti32x4(windows, window(1), 1);
      windows = _mm512_inserti32x4(windows, window(2), 2);
      windows = _mm512_inserti32x4(windows, window(3), 3);
      __m512i sum = _mm512_set1_epi16(-kColumnBias);
      for (int32_t k = 0; k < taps; k++) {
        const __m512i tap = _mm512_shuffle_epi8(windows, _mm512_loadu_si512(select + k * kBlock));
        sum = _mm512_add_epi16(sum, _mm512_mullo_epi16(tap, _mm512_loadu_si512(weights + k * kBlock)));
      }
      _mm512_storeu_si512(sums + o, sum);
#elif defined(__AVX2__)
      for (int32_t h = 0; h < kBlock; h += 16) {
        const auto window = [&](int32_t i) {
          return _mm_loadu_si128(reinterpret_cast<const __m128i*>(samples + base[h / 8 + i]));
        };
        const __m256i windows = _mm256_inserti128_si256(_mm256_castsi128_si256(window(0)), window(1), 1);
        __m256i sum = _mm256_set1_epi16(static_cast<int16_t>(-kColumnBias));
        for (int32_t k = 0; k < taps; k++) {
          const auto at = [&](const void* table) {
            return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(table));
          };
          const __m256i tap = _mm256_shuffle_epi8(windows, at(select + k * kBlock + h));
          sum = _mm256_add_epi16(sum, _mm256_mullo_epi16(tap, at(weights + k * kBlock + h)));
        }
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + o + h), sum);
      }
#else
      for (int32_t i = 0; i < kBlock; i++) {
        int32_t sum = -kColumnBias;
        for (int32_t k = 0; k < taps; k++)
          sum += samples[base[i / 8] + (select[i + k * kBlock] & 15)] * weights[i + k * kBlock];
        sums[o + i] = static_cast<int16_t>(sum);
      }
#endif
    }
  }

  int32_t count_ = 0, taps_ = 0, low_ = 0, from_ = 0, to_ = 0, span_ = 0;
  bool direct_ = false;
  int32_t* base_ = nullptr;     // of eight outputs: where their window starts, from low_ on
  uint16_t* select_ = nullptr;  // by blocks of outputs, tap after tap: place in the window, 0x80 above
  int16_t* weights_ = nullptr;  // likewise
  uint8_t* samples_ = nullptr;
  CachedRow rows_[kComponents][kRows] = {};
};

}  // namespace
}  // namespace framepath
