// The two inner loops of resampling by rows: weighted sums down the columns, then along the row.
#pragma once
#include "kernels/resize.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace framepath {
namespace {

constexpr int32_t kRowTaps = 2048;
constexpr int32_t kSumSlack = 64;  // sums written past the last requested one

// The source rows under one output row, edges folded in.
struct RowTaps {
  int32_t first;
  int32_t count;
  bool whole;                      // one row with all the weight, 256: every other weight fits a byte
  uint16_t weights[kRowTaps + 1];  // one zero behind the last
};

// sums[i] = (sum over rows of weight * byte) >> 1 for i < count; up to kSumSlack more are overwritten.
inline void sumRowsPlain(const uint8_t* from, int32_t pitch, const RowTaps& rows, int32_t count, int16_t* sums) {
  constexpr int32_t kBlock = 64;
  int32_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    uint16_t block[kBlock] = {};
    const uint8_t* row = from + i;
    for (int32_t k = 0; k < rows.count; k++, row += pitch) {
      const uint16_t weight = rows.weights[k];
      for (int32_t b = 0; b < kBlock; b++) block[b] = static_cast<uint16_t>(block[b] + weight * row[b]);
    }
    for (int32_t b = 0; b < kBlock; b++) sums[i + b] = static_cast<int16_t>(block[b] >> 1);
  }
  for (; i < count; i++) {
    uint32_t sum = 0;
    for (int32_t k = 0; k < rows.count; k++) sum += rows.weights[k] * from[static_cast<int64_t>(k) * pitch + i];
    sums[i] = static_cast<int16_t>(sum >> 1);
  }
}

// From a source row to the one that the next output row reads there. Fetched early: so many rows at once are more
// streams than the hardware follows. (A prefetch beyond the picture does nothing.)
inline int64_t nextRows(const RowTaps& rows, int32_t pitch) {
  return static_cast<int64_t>(rows.count) * pitch;
}

#if defined(__AVX512BW__)
// 64 columns. Two rows at a time: their bytes interleaved, multiplied and added in pairs. Samples count from -128, so
// that a weight may be anything in a byte and no sum leaves 16 bits; because weights sum to 256 what is missing in the
// end is the constant 2^15.
inline void sumPairs512(const uint8_t* row, int32_t pitch, const RowTaps& rows, __mmask64 mask, int16_t* sums) {
  const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
  __m512i low = _mm512_set1_epi16(static_cast<int16_t>(0x8000)), high = low;
  const int64_t distance = nextRows(rows, pitch);
  for (int32_t k = 0; k < rows.count; k += 2) {
    const uint8_t* next = k + 1 < rows.count ? row + pitch : row;
    __builtin_prefetch(row + distance);
    __builtin_prefetch(next + distance);
    const __m512i weights = _mm512_set1_epi16(static_cast<int16_t>(rows.weights[k] | rows.weights[k + 1] << 8));
    const __m512i a = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, row), sign);
    const __m512i b = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, next), sign);
    low = _mm512_add_epi16(low, _mm512_maddubs_epi16(weights, _mm512_unpacklo_epi8(a, b)));
    high = _mm512_add_epi16(high, _mm512_maddubs_epi16(weights, _mm512_unpackhi_epi8(a, b)));
    row = next + pitch;
  }
  // Interleaving worked inside 128-bit lanes: put the lanes back in order.
  const __m512i front = _mm512_permutex2var_epi64(low, _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), high);
  const __m512i back = _mm512_permutex2var_epi64(low, _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4), high);
  _mm512_storeu_si512(sums, _mm512_srli_epi16(front, 1));
  _mm512_storeu_si512(sums + 32, _mm512_srli_epi16(back, 1));
}
inline void sumRows(const uint8_t* from, int32_t pitch, const RowTaps& rows, int32_t count, int16_t* sums) {
  if (rows.whole) return sumRowsPlain(from, pitch, rows, count, sums);
  for (int32_t i = 0; i < count; i += 64) {
    const __mmask64 mask = count - i >= 64 ? ~0ull : (1ull << (count - i)) - 1;
    sumPairs512(from + i, pitch, rows, mask, sums + i);
  }
}
#elif defined(__AVX2__)
// 32 columns, two rows at a time: as with 64 above.
inline void sumPairs256(const uint8_t* row, int32_t pitch, const RowTaps& rows, int16_t* sums) {
  const __m256i sign = _mm256_set1_epi8(static_cast<char>(0x80));
  __m256i low = _mm256_set1_epi16(static_cast<int16_t>(0x8000)), high = low;
  const int64_t distance = nextRows(rows, pitch);
  for (int32_t k = 0; k < rows.count; k += 2) {
    const uint8_t* next = k + 1 < rows.count ? row + pitch : row;
    __builtin_prefetch(row + distance);
    __builtin_prefetch(next + distance);
    const __m256i weights = _mm256_set1_epi16(static_cast<int16_t>(rows.weights[k] | rows.weights[k + 1] << 8));
    const __m256i a = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(row)), sign);
    const __m256i b = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(next)), sign);
    low = _mm256_add_epi16(low, _mm256_maddubs_epi16(weights, _mm256_unpacklo_epi8(a, b)));
    high = _mm256_add_epi16(high, _mm256_maddubs_epi16(weights, _mm256_unpackhi_epi8(a, b)));
    row = next + pitch;
  }
  auto* to = reinterpret_cast<__m256i*>(sums);
  _mm256_storeu_si256(to, _mm256_srli_epi16(_mm256_permute2x128_si256(low, high, 0x20), 1));
  _mm256_storeu_si256(to + 1, _mm256_srli_epi16(_mm256_permute2x128_si256(low, high, 0x31), 1));
}
inline void sumRows(const uint8_t* from, int32_t pitch, const RowTaps& rows, int32_t count, int16_t* sums) {
  int32_t i = 0;
  if (!rows.whole)
    for (; i + 32 <= count; i += 32) sumPairs256(from + i, pitch, rows, sums + i);
  sumRowsPlain(from + i, pitch, rows, count - i, sums + i);
}
#else
inline void sumRows(const uint8_t* from, int32_t pitch, const RowTaps& rows, int32_t count, int16_t* sums) {
  sumRowsPlain(from, pitch, rows, count, sums);
}
#endif

// The same for 2-byte samples: nothing is dropped, 32 bits a sum. Count in samples; rows may lie at odd addresses.
inline void sumRows(const uint8_t* from, int32_t pitch, const RowTaps& rows, int32_t dropBits, int32_t count,
                    uint32_t* sums) {
  constexpr int32_t kBlock = 64;
  for (int32_t i = 0; i < count; i += kBlock) {
    const int32_t n = minOf(kBlock, count - i);
    uint32_t block[kBlock] = {};
    uint16_t samples[kBlock] = {};
    const uint8_t* row = from + 2 * static_cast<int64_t>(i);
    for (int32_t k = 0; k < rows.count; k++, row += pitch) {
      const uint32_t weight = rows.weights[k];
      if (n == kBlock) {
        __builtin_memcpy(samples, row, 2 * kBlock);
      } else {
        __builtin_memcpy(samples, row, 2 * static_cast<size_t>(n));
      }
      for (int32_t b = 0; b < kBlock; b++) block[b] += weight * static_cast<uint32_t>(samples[b] >> dropBits);
    }
    __builtin_memcpy(sums + i, block, sizeof(block));
  }
}

// out[o] = value of the weighted sum of `stride` column sums from first[o] on; weights beyond an output's taps are 0.
template <int32_t stride>
inline void sumTapsPlain(const int16_t* sums, const int32_t* first, const int16_t* weights, int32_t from, int32_t count,
                         float* out) {
  for (int32_t o = from; o < count; o++) {
    int32_t sum = 0;
    for (int32_t k = 0; k < stride; k++) sum += sums[first[o] + k] * weights[o * stride + k];
    out[o] = resampledValue(false, static_cast<uint32_t>(sum));
  }
}

inline void sumTapsAny(const int16_t* sums, const int32_t* first, const int16_t* weights, int32_t stride, int32_t from,
                       int32_t count, float* out) {
  for (int32_t o = from; o < count; o++) {
    int32_t sum = 0;
    for (int32_t k = 0; k < stride; k++) sum += sums[first[o] + k] * weights[o * stride + k];
    out[o] = resampledValue(false, static_cast<uint32_t>(sum));
  }
}

// At most two taps: what enlarging needs. Neighbouring sums are fetched as one 32-bit word.
inline void sumTaps2(const int16_t* sums, const int32_t* first, const int16_t* weights, int32_t count, float* out) {
  int32_t o = 0;
#if defined(__AVX512BW__)
  for (; o + 16 <= count; o += 16) {
    const __m512i pairs = _mm512_i32gather_epi32(_mm512_loadu_si512(first + o), sums, 2);
    const __m512i sum = _mm512_madd_epi16(pairs, _mm512_loadu_si512(weights + 2 * o));
    _mm512_storeu_ps(out + o, _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(0x1p-15f)));
  }
#elif defined(__AVX2__)
  for (; o + 8 <= count; o += 8) {
    const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first + o));
    const __m256i pairs = _mm256_i32gather_epi32(reinterpret_cast<const int*>(sums), at, 2);
    const __m256i sum = _mm256_madd_epi16(pairs, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + 2 * o)));
    _mm256_storeu_ps(out + o, _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(0x1p-15f)));
  }
#endif
  sumTapsPlain<2>(sums, first, weights, o, count, out);
}

#if defined(__AVX2__)
// Products of 8 sums with 8 weights, added in pairs.
inline __m128i products8(const int16_t* sums, const int16_t* weights) {
  return _mm_madd_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(sums)),
                        _mm_load_si128(reinterpret_cast<const __m128i*>(weights)));
}
inline __m256i products16(const int16_t* sums, const int16_t* weights) {
  return _mm256_madd_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums)),
                           _mm256_load_si256(reinterpret_cast<const __m256i*>(weights)));
}
inline void sumTaps8(const int16_t* sums, const int32_t* first, const int16_t* weights, int32_t count, float* out) {
  const __m128 unit = _mm_set1_ps(0x1p-15f);
  int32_t o = 0;
  for (; o + 4 <= count; o += 4) {
    __m128i p[4];
    for (int32_t i = 0; i < 4; i++) p[i] = products8(sums + first[o + i], weights + (o + i) * 8);
    const __m128i sum = _mm_hadd_epi32(_mm_hadd_epi32(p[0], p[1]), _mm_hadd_epi32(p[2], p[3]));
    _mm_storeu_ps(out + o, _mm_mul_ps(_mm_cvtepi32_ps(sum), unit));
  }
  sumTapsPlain<8>(sums, first, weights, o, count, out);
}
inline void sumTaps16(const int16_t* sums, const int32_t* first, const int16_t* weights, int32_t stride, int32_t count,
                      float* out) {
  const __m128 unit = _mm_set1_ps(0x1p-15f);
  int32_t o = 0;
  for (; o + 4 <= count; o += 4) {
    __m256i p[4];
    for (int32_t i = 0; i < 4; i++) {
      const int16_t* w = weights + static_cast<int64_t>(o + i) * stride;
      p[i] = products16(sums + first[o + i], w);
      for (int32_t k = 16; k < stride; k += 16)
        p[i] = _mm256_add_epi32(p[i], products16(sums + first[o + i] + k, w + k));
    }
    const __m256i both = _mm256_hadd_epi32(_mm256_hadd_epi32(p[0], p[1]), _mm256_hadd_epi32(p[2], p[3]));
    const __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    _mm_storeu_ps(out + o, _mm_mul_ps(_mm_cvtepi32_ps(sum), unit));
  }
  sumTapsAny(sums, first, weights, stride, o, count, out);
}
#endif

inline void sumTaps(const int16_t* sums, const int32_t* first, const int16_t* weights, int32_t stride, int32_t count,
                    float* out) {
  switch (stride) {
    case 2: sumTaps2(sums, first, weights, count, out); break;
#if defined(__AVX2__)
    case 8: sumTaps8(sums, first, weights, count, out); break;
    default: sumTaps16(sums, first, weights, stride, count, out); break;
#else
    case 8: sumTapsPlain<8>(sums, first, weights, 0, count, out); break;
    case 16: sumTapsPlain<16>(sums, first, weights, 0, count, out); break;
    default: sumTapsAny(sums, first, weights, stride, 0, count, out); break;
#endif
  }
}

// Every output is one whole sample.
inline void copyTaps(const int16_t* sums, int32_t count, float* out) {
  for (int32_t o = 0; o < count; o++) out[o] = static_cast<float>(sums[o]) * 0x1p-7f;
}
inline void copyTaps(const uint32_t* sums, int32_t count, float* out) {
  for (int32_t o = 0; o < count; o++) out[o] = static_cast<float>(static_cast<int32_t>(sums[o])) * 0x1p-8f;
}

inline void sumTaps(const uint32_t* sums, const int32_t* first, const int16_t* weights, int32_t stride, int32_t count,
                    float* out) {
  for (int32_t o = 0; o < count; o++) {
    uint32_t sum = 0;
    for (int32_t k = 0; k < stride; k++)
      sum += sums[first[o] + k] * static_cast<uint32_t>(weights[static_cast<int64_t>(o) * stride + k]);
    out[o] = resampledValue(true, sum);
  }
}

}  // namespace
}  // namespace framepath
