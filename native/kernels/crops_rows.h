// crops on the CPU, a row of slot pixels at a time. Gives the bits of the scalar body.
#pragma once
#include "kernels/crops.h"
#include "kernels/host_loop.h"
#include "kernels/tensor_rows.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace framepath {
namespace {

constexpr int32_t kCropColumns = 128;

// One sample of each slot pixel of a row: where it lies, in 1/65536 pixels of plane 0 (0 where outside), and whether.
struct CropPositions {
  alignas(64) int32_t x[kCropColumns];
  alignas(64) int32_t y[kCropColumns];
  alignas(64) int32_t inside[kCropColumns];  // 0 or -1
};

inline void placeSamples(const CropItem& item, int64_t startX, int64_t startY, int32_t count, CropPositions& p) {
  const int64_t endX = static_cast<int64_t>(item.source.width) << 16;
  const int64_t endY = static_cast<int64_t>(item.source.height) << 16;
  const int64_t stepX = item.transform[0], stepY = item.transform[3];
  for (int32_t i = 0; i < count; i++) {
    const int64_t x = startX + stepX * i, y = startY + stepY * i;
    const bool inside = x >= 0 && x < endX && y >= 0 && y < endY;
    p.x[i] = inside ? static_cast<int32_t>(x) : 0;
    p.y[i] = inside ? static_cast<int32_t>(y) : 0;
    p.inside[i] = inside ? -1 : 0;
  }
}

#if defined(__AVX2__)
// The words at `base + offset`, never reading past `last`: near the end an earlier word is read and shifted.
inline __m256i wordsAt(const uint8_t* base, __m256i offset, __m256i lastWord) {
  const __m256i from = _mm256_min_epi32(offset, lastWord);
  const __m256i shift = _mm256_slli_epi32(_mm256_sub_epi32(offset, from), 3);
  return _mm256_srlv_epi32(_mm256_i32gather_epi32(reinterpret_cast<const int*>(base), from, 1), shift);
}

// Two neighbours of a row, weighted: a + b = 256.
inline __m256i blend(__m256i words, int32_t stepBits, __m256i a, __m256i b) {
  const __m256i byte = _mm256_set1_epi32(255);
  const __m256i left = _mm256_and_si256(words, byte);
  const __m256i right = _mm256_and_si256(_mm256_srl_epi32(words, _mm_cvtsi32_si128(stepBits)), byte);
  return _mm256_add_epi32(_mm256_mullo_epi32(left, a), _mm256_mullo_epi32(right, b));
}

// Coordinate of the upper or left neighbour and the weight of the other one. Beyond an edge both are the edge sample.
struct Neighbours {
  __m256i at, weight;
};
inline Neighbours neighbours(__m256i position, int32_t shift, int32_t size) {
  const __m256i from = _mm256_sub_epi32(_mm256_sra_epi32(position, _mm_cvtsi32_si128(shift)), _mm256_set1_epi32(32768));
  const __m256i at = _mm256_srai_epi32(from, 16), edge = _mm256_set1_epi32(size - 1);
  const __m256i between = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_setzero_si256(), at),
                                              _mm256_cmpgt_epi32(edge, at));  // 0 <= at < edge
  const __m256i weight = _mm256_and_si256(_mm256_srli_epi32(from, 8), _mm256_set1_epi32(255));
  return {_mm256_max_epi32(_mm256_min_epi32(at, edge), _mm256_setzero_si256()), _mm256_and_si256(weight, between)};
}

// Whether addSamples8 may be used: 8-bit samples with both neighbours in one 32-bit word, offsets in 31 bits.
inline bool fitsWords(const Channel& c) {
  const int64_t last =
      static_cast<int64_t>(c.height - 1) * c.pitchBytes + static_cast<int64_t>(c.width - 1) * c.stepBytes;
  return !c.wide && c.stepBytes <= 3 && c.pitchBytes > 0 && last >= 3 && last < 0x7fffffff;
}
inline void addSamples8(const Channel& c, const CropPositions& p, int32_t count, uint32_t* sums) {
  const int32_t last = (c.height - 1) * c.pitchBytes + (c.width - 1) * c.stepBytes;
  const __m256i lastWord = _mm256_set1_epi32(last - 3), pitch = _mm256_set1_epi32(c.pitchBytes);
  const __m256i whole = _mm256_set1_epi32(256), lastRow = _mm256_set1_epi32(c.height - 1);
  for (int32_t i = 0; i < count; i += 8) {
    const Neighbours nx = neighbours(_mm256_load_si256(reinterpret_cast<const __m256i*>(p.x + i)), c.shiftX, c.width);
    const Neighbours ny = neighbours(_mm256_load_si256(reinterpret_cast<const __m256i*>(p.y + i)), c.shiftY, c.height);
    const __m256i below = _mm256_min_epi32(_mm256_add_epi32(ny.at, _mm256_set1_epi32(1)), lastRow);
    const __m256i column = _mm256_mullo_epi32(nx.at, _mm256_set1_epi32(c.stepBytes));
    const __m256i left = _mm256_sub_epi32(whole, nx.weight);
    const __m256i upperWords = wordsAt(c.data, _mm256_add_epi32(_mm256_mullo_epi32(ny.at, pitch), column), lastWord);
    const __m256i lowerWords = wordsAt(c.data, _mm256_add_epi32(_mm256_mullo_epi32(below, pitch), column), lastWord);
    const __m256i upper = blend(upperWords, c.stepBytes * 8, left, nx.weight);
    const __m256i lower = blend(lowerWords, c.stepBytes * 8, left, nx.weight);
    const __m256i sum = _mm256_add_epi32(_mm256_mullo_epi32(upper, _mm256_sub_epi32(whole, ny.weight)),
                                         _mm256_mullo_epi32(lower, ny.weight));
    auto* to = reinterpret_cast<__m256i*>(sums + i);
    const __m256i inside = _mm256_load_si256(reinterpret_cast<const __m256i*>(p.inside + i));
    _mm256_store_si256(to, _mm256_add_epi32(_mm256_load_si256(to), _mm256_and_si256(sum, inside)));
  }
}
#endif

inline void addSamples(const Channel& c, const CropPositions& p, int32_t count, uint32_t* sums) {
#if defined(__AVX2__)
  if (fitsWords(c)) {
    addSamples8(c, p, count, sums);
    return;
  }
#endif
  for (int32_t i = 0; i < count; i++)
    if (p.inside[i]) sums[i] += bilinearAt(c, p.x[i], p.y[i]);
}

struct CropRow {
  alignas(64) uint32_t sums[3][kCropColumns];
  alignas(64) int32_t inside[kCropColumns];
  alignas(64) float pixels[3][kCropColumns];
  CropPositions positions;
};

inline void cropPixels(const CropItem& item, const PixelReader& reader, int32_t channels, const Channel* source,
                       const Normalize& normalize, int32_t x, int32_t y, int32_t count, CropRow& row) {
  const int32_t* t = item.transform;
  const int32_t n = item.supersample;
  __builtin_memset(&row, 0, sizeof(row));
  const int64_t baseX = static_cast<int64_t>(t[0]) * x + static_cast<int64_t>(t[1]) * y + t[2];
  const int64_t baseY = static_cast<int64_t>(t[3]) * x + static_cast<int64_t>(t[4]) * y + t[5];
  for (int32_t j = 0; j < n; j++)
    for (int32_t i = 0; i < n; i++) {
      const int64_t dx = 2 * i + 1, dy = 2 * j + 1;
      placeSamples(item, baseX + floorDivide(t[0] * dx + t[1] * dy, 2 * n),
                   baseY + floorDivide(t[3] * dx + t[4] * dy, 2 * n), count, row.positions);
      for (int32_t k = 0; k < count; k++) row.inside[k] -= row.positions.inside[k];
      for (int32_t c = 0; c < channels; c++) addSamples(source[c], row.positions, count, row.sums[c]);
    }
  const float unit = item.source.format.depth > 8 ? 256.0f : 65536.0f;
  const float pad = normalize.pad;
  for (int32_t k = 0; k < count; k++) {
    const float whole = static_cast<float>(maxOf(row.inside[k], 1)) * unit;
    float samples[3], pixel[3];
    for (int32_t c = 0; c < 3; c++) samples[c] = static_cast<float>(static_cast<int32_t>(row.sums[c][k])) / whole;
    readPixel(reader, normalize.channels, samples, pixel);
    const float share = static_cast<float>(row.inside[k]) / static_cast<float>(n * n);
    for (int32_t c = 0; c < 3; c++)
      row.pixels[c][k] = row.inside[k] ? clampPixel(pixel[c]) * share + pad * (1.0f - share) : pad;
  }
}

template <>
struct HostLoop<CropsArgs, crops> {
  static void run(const void* opaque, const Grid& grid) {
    const CropsArgs& a = *static_cast<const CropsArgs*>(opaque);
    CropRow row;
    const float* const rows[3] = {row.pixels[0], row.pixels[1], row.pixels[2]};
    for (int32_t z = 0; z < grid.z; z++) {
      const CropItem& item = a.items[z];
      const TensorSlot slot = cropSlot(a, z);
      const PixelReader reader = pixelReader(item.source);
      const int32_t channels = lumaIsEnough(reader, a.normalize.channels) ? 1 : 3;
      const bool small = item.source.width < 32768 && item.source.height < 32768;  // positions in 31 bits
      Channel source[3];
      for (int32_t c = 0; c < channels; c++) source[c] = channelOf(item.source, c);
      for (int32_t y = 0; y < grid.y; y++) {
        if (!small) {
          for (int32_t x = 0; x < grid.x; x++) crops(a, x, y, z);
          continue;
        }
        for (int32_t x = 0; x < grid.x; x += kCropColumns) {
          const int32_t count = minOf(kCropColumns, grid.x - x);
          cropPixels(item, reader, channels, source, a.normalize, x, y, count, row);
          storePixels(slot, a.normalize, x, y, count, rows);
        }
      }
    }
  }
};

}  // namespace
}  // namespace framepath
