// Resampling as specified integer arithmetic: exact area average where the picture shrinks, bilinear where it grows.
// Every target computes the same weights, whether in tables (CPU rows) or on the spot (a GPU thread).
//
// Lengths are in 1/256 source pixels. Output o covers [edge(o), edge(o + 1)), L = its length. Shrinking: the share of
// source sample i is share(i + 1) - share(i) with share(i) = clamp(256 * i - edge, 0, L) * 256 / L, so the weights sum
// to 256. Growing: the two neighbours of the output's centre with weights 256 - f and f.
// Chroma is taken as centred in its block of luma samples.
#pragma once
#include "kernels/sample.h"
#include "kernels/tap_weights.h"

namespace framepath {

// One axis of one channel.
struct Axis {
  int32_t start256;    // where the source interval starts, in samples of plane 0
  int32_t length256;   // > 0
  int32_t count;       // outputs at full resolution
  int32_t groupShift;  // 1: an output covers two full resolution ones (chroma of a subsampled target)
  int32_t shift;       // log2 of the channel's own subsampling
  int32_t size;        // samples of the channel: taps outside repeat the edge
};

struct Taps {
  int32_t first;  // before clamping to the picture
  int32_t last;
  int32_t edge256;    // growing: the fraction f
  int32_t length256;  // growing: 0
};

HD int32_t axisEdge(const Axis& a, int32_t output) {
  const int32_t at = minOf(output << a.groupShift, a.count);
  return (a.start256 + static_cast<int32_t>(shareOf(at, a.length256, a.count))) >> a.shift;
}

HD bool axisGrows(const Axis& a) {
  return (static_cast<int64_t>(a.length256) << a.groupShift) < (static_cast<int64_t>(a.count) << (8 + a.shift));
}

HD Taps tapsOf(const Axis& a, int32_t output) {
  Taps t;
  if (axisGrows(a)) {
    const int32_t twice = (2 * output + 1) << a.groupShift;
    const int32_t centre = (a.start256 + static_cast<int32_t>(shareOf(twice, a.length256, 2 * a.count))) >> a.shift;
    t.first = (centre - 128) >> 8;
    t.last = t.first + 1;
    t.edge256 = (centre - 128) & 255;
    t.length256 = 0;
  } else {
    t.edge256 = axisEdge(a, output);
    t.length256 = maxOf(axisEdge(a, output + 1) - t.edge256, 1);
    t.first = t.edge256 >> 8;
    t.last = (t.edge256 + t.length256 - 1) >> 8;
  }
  return t;
}

// Of taps first, first + 1, ... last.
HD TapWeights weightsOf(const Taps& t) {
  return TapWeights(t.length256, t.length256 == 0 ? t.edge256 : t.first * 256 - t.edge256);
}

// The sums of a resampled value, weights included: 8-bit samples keep 15 of the 16 bits of the vertical sum, so that a
// CPU multiplies pairs of int16; deeper ones keep everything in 32 bits.
HD uint32_t verticalKeep(bool wide, uint32_t sum) {
  return wide ? sum : sum >> 1;
}
HD float resampledValue(bool wide, uint32_t sum) {
  return wide ? static_cast<float>(static_cast<int32_t>(sum >> 8)) * 0x1p-8f
              : static_cast<float>(static_cast<int32_t>(sum)) * 0x1p-15f;
}

// Columns summed at once, so that a GPU thread waits for as many loads together.
inline constexpr int32_t kResampleColumns = 4;

// The value of one channel over taps x taps, in sample units.
HD float resample(const Channel& c, const Taps& horizontal, const Taps& vertical) {
  uint32_t sum = 0;
  TapWeights across = weightsOf(horizontal);
  const TapWeights fromTheTop = weightsOf(vertical);
  for (int32_t i = horizontal.first; i <= horizontal.last; i += kResampleColumns) {
    uint32_t columns[kResampleColumns] = {};
    int32_t offsets[kResampleColumns];
    for (int32_t k = 0; k < kResampleColumns; k++) offsets[k] = offsetOf(c, minOf(i + k, horizontal.last));
    TapWeights down = fromTheTop;
    for (int32_t j = vertical.first; j <= vertical.last; j++) {
      const uint8_t* row = rowOf(c, j);
      const uint32_t weight = down.next();
      for (int32_t k = 0; k < kResampleColumns; k++) columns[k] += weight * sampleIn(c, row, offsets[k]);
    }
    for (int32_t k = 0; k < kResampleColumns; k++)
      if (i + k <= horizontal.last) sum += across.next() * verticalKeep(c.wide, columns[k]);
  }
  return resampledValue(c.wide, sum);
}

}  // namespace framepath
