// One output row of a plane: vertical sums of source rows, then the horizontal weights from a table. The arithmetic of
// composeSample() to the bit.
#pragma once
#include <string.h>

#include "kernels/compose.h"
#include "kernels/row_mix.h"
#include "kernels/tap_walk.h"

namespace framepath {
namespace {

// columns[i] = (sum of weights * samples) >> (depth - 8), `n` stored samples, any interleaving.
template <typename Sample>
void sumRows(int16_t* __restrict columns, const uint8_t* data, int32_t pitchBytes, int32_t height,
             const ComposeTaps& taps, size_t offset, int32_t n, int32_t shift, int32_t depth,
             uint32_t* __restrict sums) {
  auto rowAt = [&](int32_t j) {
    return reinterpret_cast<const Sample*>(data +
                                           static_cast<size_t>(clampIndex(taps.first + j, height)) * pitchBytes) +
           offset;
  };
  const int32_t drop = depth - 8;
  const uint32_t mask = (1u << depth) - 1;
  auto value = [=](Sample stored) { return static_cast<uint32_t>(stored) >> shift & mask; };
  if (taps.count == 1) {
    const Sample* __restrict a = rowAt(0);
    for (int32_t i = 0; i < n; i++) columns[i] = static_cast<int16_t>(((value(a[i]) << 8) >> drop) - kColumnBias);
    return;
  }
  if (taps.count == 2) {
    const Sample* __restrict a = rowAt(0);
    const Sample* __restrict b = rowAt(1);
    const uint32_t wa = composeWeight(taps, 0), wb = composeWeight(taps, 1);
    if constexpr (sizeof(Sample) == 1) {
      const uint16_t wa16 = static_cast<uint16_t>(wa), wb16 = static_cast<uint16_t>(wb);
      for (int32_t i = 0; i < n; i++)
        columns[i] = static_cast<int16_t>(static_cast<uint16_t>(a[i] * wa16 + b[i] * wb16 - kColumnBias));
    } else {
      for (int32_t i = 0; i < n; i++)
        columns[i] = static_cast<int16_t>((((value(a[i]) * wa) + (value(b[i]) * wb)) >> drop) - kColumnBias);
    }
    return;
  }
  memset(sums, 0, sizeof(uint32_t) * static_cast<size_t>(n));
  for (int32_t j = 0; j < taps.count; j++) {
    const Sample* __restrict a = rowAt(j);
    const uint32_t w = composeWeight(taps, j);
    if (w == 0) continue;
    for (int32_t i = 0; i < n; i++) sums[i] += value(a[i]) * w;
  }
  for (int32_t i = 0; i < n; i++) columns[i] = static_cast<int16_t>((sums[i] >> drop) - kColumnBias);
}

// The horizontal taps of a row, and the scratch to use them.
class RowTable {
 public:
  static size_t bytes(const ComposeAxis& axis, const ComposeComponent& part) {
    int32_t lo, hi, taps;
    range(axis, lo, hi, taps);
    const size_t columns = static_cast<size_t>(hi - lo) + kPadding, outputs = padded(axis.count);
    return outputs * (4 + 4 * ((taps + 1) / 2)) + columns * (2 + static_cast<size_t>(part.step) * (2 + 4)) + 16 * 64;
  }

  template <typename Arena>
  void build(Arena& arena, const ComposeAxis& axis, const ComposeComponent& part) {
    int32_t hi, taps;
    range(axis, low_, hi, taps);
    count_ = axis.count;
    pairs_ = (taps + 1) / 2;
    // Which samples exist; the rest of [low, hi) repeats the edges.
    from_ = clampIndex(low_, part.width);
    to_ = clampIndex(hi - 1, part.width) + 1;
    span_ = hi - low_;
    const size_t outputs = padded(count_);
    index_ = arena.template take<int32_t>(outputs);
    weights_ = arena.template take<int32_t>(outputs * pairs_);
    columns_ = arena.template take<int16_t>(static_cast<size_t>(span_) + kPadding);
    stored_ = arena.template take<int16_t>((static_cast<size_t>(span_) + kPadding) * part.step);
    sums_ = arena.template take<uint32_t>((static_cast<size_t>(span_) + kPadding) * part.step);
    memset(columns_, 0, 2 * (static_cast<size_t>(span_) + kPadding));
    memset(weights_, 0, 4 * outputs * pairs_);
    if (wholePixels(axis)) {
      identity_ = true;
      return;
    }
    identity_ = pairs_ == 1;
    halves_ = pairs_ == 1;
    TapWalk walk(axis);
    for (int32_t o = 0; o < count_; o++) {
      const ComposeTaps t = walk.next();
      index_[o] = t.first - low_;
      for (int32_t i = 0; i < t.count; i++) {
        const int32_t w = composeWeight(t, i);
        weights_[(i / 2) * outputs + o] |= i % 2 ? w << 16 : w;
      }
      identity_ = identity_ && weights_[o] == 256 && index_[o] == o;
      halves_ = halves_ && weights_[o] == (128 | 128 << 16) && index_[o] == 2 * o;
    }
    for (size_t o = count_; o < outputs; o++) index_[o] = index_[count_ - 1];
    blocksFit_ = true;
    for (size_t o = 0; o < outputs; o += 16)
      if (index_[o + 15] - index_[o] > 62) blocksFit_ = false;
  }

  void row(uint8_t* __restrict to, const ComposeComponent& part, const ComposeTaps& down) {
    sum(part, down);
    across(to);
  }

  static bool wholePixels(const ComposeAxis& axis) {
    return axis.start % 256 == 0 && axis.length % 256 == 0 && axis.length / 256 == axis.count;
  }

 private:
  static constexpr size_t kPadding = 160;
  static size_t padded(int32_t count) { return (static_cast<size_t>(count) + 15) / 16 * 16; }

  static void range(const ComposeAxis& axis, int32_t& low, int32_t& high, int32_t& taps) {
    low = composeTaps(axis, 0).first;
    if (wholePixels(axis)) {
      high = low + axis.count;
      taps = 1;
      return;
    }
    high = low + 1;
    taps = 1;
    TapWalk walk(axis);
    for (int32_t o = 0; o < axis.count; o++) {
      const ComposeTaps t = walk.next();
      if (t.first < low) low = t.first;
      if (t.first + t.count > high) high = t.first + t.count;
      if (t.count > taps) taps = t.count;
    }
  }

  void sum(const ComposeComponent& part, const ComposeTaps& down) {
    const int32_t real = to_ - from_;
    // A rectangle beside the picture sees its edge only.
    const int32_t missing = from_ - low_ < span_ - real ? from_ - low_ : span_ - real;
    int16_t* middle = columns_ + (missing > 0 ? missing : 0);
    int16_t* target = part.step == 1 ? middle : stored_;
    const size_t offset = static_cast<size_t>(from_) * part.step;
    // Interleaved samples are summed together, but the last pixel ends where the wanted component does.
    const int32_t n = (real - 1) * part.step + part.offset + 1;
    if (part.depth == 8)
      sumRows<uint8_t>(target, part.data, part.pitchBytes, part.height, down, offset, n, 0, 8, sums_);
    else
      sumRows<uint16_t>(target, part.data, part.pitchBytes, part.height, down, offset, n, part.shift, part.depth,
                        sums_);
    if (part.step == 2)
      for (int32_t i = 0; i < real; i++) middle[i] = stored_[2 * i + part.offset];
    else if (part.step > 2)
      for (int32_t i = 0; i < real; i++) middle[i] = stored_[part.step * i + part.offset];
    for (int16_t* p = columns_; p < middle; p++) *p = *middle;
    int16_t* end = middle + real;
    for (int16_t* p = end; p < columns_ + span_; p++) *p = end[-1];
  }

  void across(uint8_t* __restrict to) const {
    const int16_t* __restrict c = columns_;
    if (identity_) {
      for (int32_t o = 0; o < count_; o++) {
        const int32_t v = (c[o] + kColumnBias + 128) >> 8;
        to[o] = static_cast<uint8_t>(v > 255 ? 255 : v);
      }
      return;
    }
    if (halves_) {
      for (int32_t o = 0; o < count_; o++) {
        const int32_t v = (c[2 * o] + c[2 * o + 1] + 2 * kColumnBias + 256) >> 9;
        to[o] = static_cast<uint8_t>(v > 255 ? 255 : v);
      }
      return;
    }
    int32_t o = 0;
    const size_t outputs = padded(count_);
#if defined(__AVX512BW__)
    for (; o < count_; o += 16) {
      const __mmask16 live = count_ - o >= 16 ? 0xffff : static_cast<__mmask16>((1u << (count_ - o)) - 1);
      const __m512i index = _mm512_loadu_si512(index_ + o);
      __m512i sum = _mm512_set1_epi32(kRowRounding);
      if (blocksFit_) {
        // Sixteen outputs draw from 64 columns: both taps of a pair come out of one register permutation.
        const __m512i near = _mm512_sub_epi32(index, _mm512_set1_epi32(index_[o]));
        const __m512i select =
            _mm512_add_epi32(_mm512_or_si512(near, _mm512_slli_epi32(near, 16)), _mm512_set1_epi32(1 << 16));
        for (int32_t k = 0; k < pairs_; k++) {
          const int16_t* base = c + index_[o] + 2 * k;
          const __m512i both =
              _mm512_permutex2var_epi16(_mm512_loadu_si512(base), select, _mm512_loadu_si512(base + 32));
          sum = _mm512_add_epi32(sum, _mm512_madd_epi16(both, _mm512_loadu_si512(weights_ + k * outputs + o)));
        }
      } else {
        for (int32_t k = 0; k < pairs_; k++) {
          const __m512i both = _mm512_i32gather_epi32(index, c + 2 * k, 2);
          sum = _mm512_add_epi32(sum, _mm512_madd_epi16(both, _mm512_loadu_si512(weights_ + k * outputs + o)));
        }
      }
      _mm512_mask_cvtusepi32_storeu_epi8(to + o, live, _mm512_srli_epi32(sum, 16));
    }
#elif defined(__AVX2__)
    for (; o + 8 <= count_; o += 8) {
      const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index_ + o));
      __m256i sum = _mm256_set1_epi32(kRowRounding);
      for (int32_t k = 0; k < pairs_; k++) {
        const __m256i both = _mm256_i32gather_epi32(reinterpret_cast<const int*>(c + 2 * k), index, 2);
        const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights_ + k * outputs + o));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(both, weights));
      }
      sum = _mm256_srli_epi32(sum, 16);
      const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to + o), _mm_packus_epi16(words, words));
    }
#endif
    for (; o < count_; o++) {
      int32_t sum = kRowRounding;
      for (int32_t k = 0; k < pairs_; k++) {
        const int32_t w = weights_[k * outputs + o];
        const int16_t* at = c + index_[o] + 2 * k;
        sum += at[0] * (w & 0xffff) + at[1] * (w >> 16);
      }
      const int32_t v = sum >> 16;
      to[o] = static_cast<uint8_t>(v > 255 ? 255 : v);
    }
  }

  int32_t count_ = 0, pairs_ = 0, low_ = 0, from_ = 0, to_ = 0, span_ = 0;
  bool identity_ = false, halves_ = false, blocksFit_ = false;
  int32_t* index_ = nullptr;
  int32_t* weights_ = nullptr;
  int16_t *columns_ = nullptr, *stored_ = nullptr;
  uint32_t* sums_ = nullptr;
};

}  // namespace
}  // namespace framepath
