// Mixes of rows that were resampled along the row, rounded to bytes.
#pragma once
#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace framepath {
namespace {

// Sums are kept minus 2^15 (as int16): a signed multiply-add then takes two taps at once, and because weights sum to
// 256 what is missing is the constant 2^23.
inline constexpr int32_t kColumnBias = 32768;
inline constexpr int32_t kRowRounding = kColumnBias * 256 + 32768;

// to[o] = (sum over rows of weight * sum + 2^15) >> 16; 1 to 4 rows, the ones beyond `count` readable and with weight
// 0. Rows are readable up to the next multiple of 64.
template <int32_t pairs>
inline void mixPairs(uint8_t* __restrict to, const int16_t* const* rows, const int32_t* weights, int32_t n) {
#if defined(__AVX512BW__)
  const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
  const auto words = [&](int32_t o) {
    __m512i low = _mm512_set1_epi32(kRowRounding), high = low;
    for (int32_t p = 0; p < pairs; p++) {
      const __m512i w = _mm512_set1_epi32(weights[2 * p] | weights[2 * p + 1] << 16);
      const __m512i a = _mm512_loadu_si512(rows[2 * p] + o), b = _mm512_loadu_si512(rows[2 * p + 1] + o);
      low = _mm512_add_epi32(low, _mm512_madd_epi16(_mm512_unpacklo_epi16(a, b), w));
      high = _mm512_add_epi32(high, _mm512_madd_epi16(_mm512_unpackhi_epi16(a, b), w));
    }
    return _mm512_packus_epi32(_mm512_srli_epi32(low, 16), _mm512_srli_epi32(high, 16));
  };
  for (int32_t o = 0; o < n; o += 64) {
    const __mmask64 live = n - o >= 64 ? ~0ull : (1ull << (n - o)) - 1;
    const __m512i bytes = _mm512_packus_epi16(words(o), words(o + 32));
    _mm512_mask_storeu_epi8(to + o, live, _mm512_permutexvar_epi64(order, bytes));
  }
#else
  int32_t o = 0;
#if defined(__AVX2__)
  const auto words = [&](int32_t at) {
    __m256i low = _mm256_set1_epi32(kRowRounding), high = low;
    for (int32_t p = 0; p < pairs; p++) {
      const __m256i w = _mm256_set1_epi32(weights[2 * p] | weights[2 * p + 1] << 16);
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[2 * p] + at));
      const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[2 * p + 1] + at));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), w));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), w));
    }
    return _mm256_packus_epi32(_mm256_srli_epi32(low, 16), _mm256_srli_epi32(high, 16));
  };
  for (; o + 32 <= n; o += 32) {
    const __m256i bytes = _mm256_packus_epi16(words(o), words(o + 16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + o), _mm256_permute4x64_epi64(bytes, 0xd8));
  }
#endif
  for (; o < n; o++) {
    int32_t sum = kRowRounding;
    for (int32_t j = 0; j < 2 * pairs; j++) sum += rows[j][o] * static_cast<int16_t>(weights[j]);
    to[o] = static_cast<uint8_t>(sum >> 16);
  }
#endif
}

inline void mixRows(uint8_t* __restrict to, const int16_t* const* rows, const int32_t* weights, int32_t count,
                    int32_t n) {
  if (count <= 2)
    mixPairs<1>(to, rows, weights, n);
  else
    mixPairs<2>(to, rows, weights, n);
}

}  // namespace
}  // namespace framepath
