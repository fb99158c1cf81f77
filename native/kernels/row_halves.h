// One output row of an 8-bit plane whose outputs stand exactly two samples apart: canvas tiles of half the width, whole
// or shifted as subsampled chroma is. Straight from the source rows to the target; the bits of composeSample().
#pragma once
#include "kernels/compose.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace framepath {
namespace {

class RowHalves {
 public:
  // False: this axis needs something else.
  bool build(const ComposeAxis& axis) {
    if (axis.length != static_cast<int64_t>(axis.count) * 512) return false;
    count_ = axis.count;
    const ComposeTaps t = composeTaps(axis, 0);  // the others are the same, 2 samples further each
    first_ = t.first;
    for (int32_t k = 0; k < 3; k++) {
      const int32_t weight = k < t.count ? composeWeight(t, k) : 0;
      if (weight % 2 || weight > 254) return false;
      half_[k] = weight / 2;
    }
    return true;
  }

  // `a`, `b`: the start of the two source rows that are averaged; the same one twice where the height is kept.
  void row(uint8_t* __restrict to, const uint8_t* a, const uint8_t* b, int32_t width) const {
    const int32_t inside = first_ < 0 ? (1 - first_) / 2 : 0;              // outputs before it read the left edge
    const int32_t end = clampIndex((width - 4 - first_) / 2, count_ + 1);  // from here on: perhaps the right one
    int32_t o = 0;
    for (; o < inside && o < count_; o++) to[o] = value(a, b, o, width);
    const int32_t done = blocks(to, a + first_, b + first_, o, end);
    for (o = done; o < count_; o++) to[o] = value(a, b, o, width);
  }

 private:
  uint8_t value(const uint8_t* a, const uint8_t* b, int32_t o, int32_t width) const {
    int32_t sum = 128;
    for (int32_t k = 0; k < 3; k++) {
      const int32_t i = clampIndex(first_ + 2 * o + k, width);
      sum += half_[k] * (a[i] + b[i]);
    }
    return static_cast<uint8_t>(sum >> 8);
  }

  // Outputs [o, end), or fewer; returns the first that is still missing.
  int32_t blocks(uint8_t* __restrict to, const uint8_t* a, const uint8_t* b, int32_t o, int32_t end) const {
#if defined(__AVX512BW__)
    const __m512i two = _mm512_set1_epi16(static_cast<int16_t>(half_[0] | half_[1] << 8));
    const __m512i third = _mm512_set1_epi16(static_cast<int16_t>(half_[2]));
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    const auto sums = [&](const uint8_t* from) {
      __m512i sum = _mm512_maddubs_epi16(_mm512_loadu_si512(from), two);
      if (half_[2]) sum = _mm512_add_epi16(sum, _mm512_maddubs_epi16(_mm512_loadu_si512(from + 2), third));
      return sum;
    };
    const auto means = [&](int32_t at) {
      const __m512i one = sums(a + 2 * at), other = a == b ? one : sums(b + 2 * at);
      return _mm512_srli_epi16(_mm512_add_epi16(_mm512_add_epi16(one, other), _mm512_set1_epi16(128)), 8);
    };
    constexpr int32_t kBlock = 64;
    const auto block = [&](int32_t at) {
      const __m512i bytes = _mm512_packus_epi16(means(at), means(at + 32));
      _mm512_storeu_si512(to + at, _mm512_permutexvar_epi64(order, bytes));
    };
#elif defined(__AVX2__)
    const __m256i two = _mm256_set1_epi16(static_cast<int16_t>(half_[0] | half_[1] << 8));
    const __m256i third = _mm256_set1_epi16(static_cast<int16_t>(half_[2]));
    const auto sums = [&](const uint8_t* from) {
      __m256i sum = _mm256_maddubs_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)), two);
      if (half_[2]) {
        const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 2));
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(next, third));
      }
      return sum;
    };
    const auto means = [&](int32_t at) {
      const __m256i one = sums(a + 2 * at), other = a == b ? one : sums(b + 2 * at);
      return _mm256_srli_epi16(_mm256_add_epi16(_mm256_add_epi16(one, other), _mm256_set1_epi16(128)), 8);
    };
    constexpr int32_t kBlock = 32;
    const auto block = [&](int32_t at) {
      const __m256i bytes = _mm256_packus_epi16(means(at), means(at + 16));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at), _mm256_permute4x64_epi64(bytes, 0xd8));
    };
#else
    constexpr int32_t kBlock = 16;
    const uint16_t first = static_cast<uint16_t>(half_[0]), second = static_cast<uint16_t>(half_[1]);
    const uint16_t third = static_cast<uint16_t>(half_[2]);
    const auto block = [&](int32_t at) {
      const uint8_t *p = a + 2 * at, *q = b + 2 * at;
      for (int32_t i = 0; i < kBlock; i++)
        to[at + i] = static_cast<uint8_t>(static_cast<uint16_t>(first * (p[2 * i] + q[2 * i]) +
                                                                second * (p[2 * i + 1] + q[2 * i + 1]) +
                                                                third * (p[2 * i + 2] + q[2 * i + 2]) + 128) >>
                                          8);
    };
#endif
    if (end - o < kBlock) return o;
    for (; o + kBlock <= end; o += kBlock) block(o);
    if (o < end) block(end - kBlock);  // some outputs twice
    return end;
  }

  int32_t count_ = 0, first_ = 0;
  int32_t half_[3] = {};  // weights / 2: they fit a signed byte
};

}  // namespace
}  // namespace framepath
