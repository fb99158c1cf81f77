// resize.h by rows, for the CPU: weights in tables, a strip of outputs at a time so that everything stays in the cache.
// For one output row: the source rows are summed down the columns, the sums of packed components are separated, and
// each output takes its taps along the row. Gives the bits of resample().
#pragma once
#include "kernels/color.h"
#include "kernels/resize.h"
#include "kernels/row_sums.h"

namespace framepath {
namespace {

constexpr int32_t kStripOutputs = 256;
constexpr int32_t kStripSamples = 8192;  // under a strip, counting every component of a packed picture
constexpr int32_t kStripWeights = 4096;

// The horizontal taps of a strip, edges folded in.
struct StripTaps {
  int32_t start;  // first source sample under the strip
  int32_t samples;
  bool whole;                    // output o is source sample start + o
  int32_t stride;                // weights an output: 8 or a multiple of 16
  int32_t first[kStripOutputs];  // relative to start
  alignas(64) int16_t weights[kStripWeights];
};

// One plane of the source with the components read from it.
struct PlaneReader {
  const uint8_t* data;
  int32_t pitchBytes;
  int32_t components;  // samples a pixel in memory
  int32_t channels;    // how many of them are read
  int32_t offsets[3];  // of a channel in its pixel, in samples
  Channel shape;       // what the channels have in common
};

struct RowScratch {
  union {
    alignas(64) int16_t sums[kStripSamples + kSumSlack];
    alignas(64) uint32_t wideSums[kStripSamples + kSumSlack];
  };
  union {
    alignas(64) int16_t apart[kStripSamples + kSumSlack];
    alignas(64) uint32_t wideApart[kStripSamples + kSumSlack];
  };
};

// How many planes cover channels [0, channels).
inline int32_t planeReaders(const ImageView& view, int32_t channels, PlaneReader planes[3]) {
  int32_t count = 0;
  for (int32_t c = 0; c < channels; c++) {
    const Channel channel = channelOf(view, c);
    const PixelLayout layout = view.format.layout;
    const bool joins = (layout == PixelLayout::rgb && c > 0) || (layout == PixelLayout::semiPlanarYuv && c == 2);
    if (!joins) {
      PlaneReader& p = planes[count++];
      const int32_t plane = layout == PixelLayout::rgb ? 0 : c;
      p.data = view.planes[plane].data;
      p.pitchBytes = view.planes[plane].pitchBytes;
      p.components = channel.stepBytes / (channel.wide ? 2 : 1);
      p.channels = 0;
      p.shape = channel;
    }
    PlaneReader& p = planes[count - 1];
    p.offsets[p.channels++] = static_cast<int32_t>(channel.data - p.data) / (channel.wide ? 2 : 1);
  }
  return count;
}

// False: more taps than the table holds.
inline bool makeRowTaps(const Axis& axis, int32_t output, RowTaps& rows) {
  const Taps t = tapsOf(axis, output);
  rows.first = clampTo(t.first, 0, axis.size - 1);
  rows.count = clampTo(t.last, 0, axis.size - 1) - rows.first + 1;
  if (rows.count > kRowTaps) return false;
  for (int32_t k = 0; k <= rows.count; k++) rows.weights[k] = 0;
  TapWeights taps = weightsOf(t);
  for (int32_t i = t.first; i <= t.last; i++) {
    uint16_t& weight = rows.weights[clampTo(i, 0, axis.size - 1) - rows.first];
    weight = static_cast<uint16_t>(weight + taps.next());
  }
  rows.whole = false;
  for (int32_t k = 0; k < rows.count; k++) rows.whole |= rows.weights[k] == 256;
  return true;
}

// Taps of outputs [from, from + count). False: they do not fit; try fewer outputs.
inline bool makeStripTaps(const Axis& axis, int32_t from, int32_t count, int32_t components, StripTaps& strip) {
  const int32_t edge = axis.size - 1;
  strip.start = clampTo(tapsOf(axis, from).first, 0, edge);
  strip.samples = clampTo(tapsOf(axis, from + count - 1).last, 0, edge) - strip.start + 1;
  int32_t most = 1;
  for (int32_t o = 0; o < count; o++) {
    const Taps t = tapsOf(axis, from + o);
    most = maxOf(most, clampTo(t.last, 0, edge) - clampTo(t.first, 0, edge) + 1);
  }
  strip.stride = most <= 2 ? 2 : most <= 8 ? 8 : (most + 15) / 16 * 16;
  // Reading a full stride at the last output may pass the last sample: that must stay inside the scratch.
  if ((strip.samples + strip.stride) * components > kStripSamples || strip.stride * count > kStripWeights) return false;
  for (int32_t i = 0; i < strip.stride * count; i++) strip.weights[i] = 0;
  strip.whole = true;
  for (int32_t o = 0; o < count; o++) {
    const Taps t = tapsOf(axis, from + o);
    const int32_t first = clampTo(t.first, 0, edge);
    strip.first[o] = first - strip.start;
    int16_t* weights = strip.weights + o * strip.stride - first;
    TapWeights taps = weightsOf(t);
    for (int32_t i = t.first; i <= t.last; i++) {
      const int32_t at = clampTo(i, 0, edge);
      weights[at] = static_cast<int16_t>(weights[at] + taps.next());
    }
    strip.whole &= strip.first[o] == o && weights[first] == 256;
  }
  return true;
}

template <typename Sum>
inline void separate(const Sum* packed, int32_t components, int32_t offset, int32_t count, Sum* apart) {
  for (int32_t i = 0; i < count; i++) apart[i] = packed[i * components + offset];
}

// `rows`: one per channel of the plane, `count` values each.
template <typename Sum>
inline void sumStrip(const PlaneReader& plane, const StripTaps& strip, int32_t count, const Sum* sums, Sum* apart,
                     float* const rows[3]) {
  for (int32_t c = 0; c < plane.channels; c++) {
    const Sum* from = sums;
    if (plane.components > 1) {
      separate(sums, plane.components, plane.offsets[c], strip.samples, apart);
      from = apart;
    }
    if (strip.whole) {
      copyTaps(from, count, rows[c]);
    } else {
      sumTaps(from, strip.first, strip.weights, strip.stride, count, rows[c]);
    }
  }
}

inline void resizeStripRow(const PlaneReader& plane, const StripTaps& strip, const RowTaps& rowTaps, int32_t count,
                           RowScratch& scratch, float* const rows[3]) {
  const bool wide = plane.shape.wide;
  const int32_t samples = strip.samples * plane.components;
  const uint8_t* from = plane.data + static_cast<int64_t>(rowTaps.first) * plane.pitchBytes +
                        static_cast<int64_t>(strip.start) * plane.shape.stepBytes;
  if (wide) {
    sumRows(from, plane.pitchBytes, rowTaps, plane.shape.dropBits, samples, scratch.wideSums);
    sumStrip(plane, strip, count, scratch.wideSums, scratch.wideApart, rows);
  } else {
    sumRows(from, plane.pitchBytes, rowTaps, samples, scratch.sums);
    sumStrip(plane, strip, count, scratch.sums, scratch.apart, rows);
  }
}

struct ResizeJob {
  ImageView source;
  int32_t channels;  // 1 or 3 of them are needed
  int32_t x256, y256, width256, height256;
  int32_t width, height;             // outputs at full resolution
  int32_t groupShiftX, groupShiftY;  // 1: every output covers two of those

  Axis axisX(const Channel& c) const { return {x256, width256, width, groupShiftX, c.shiftX, c.width}; }
  Axis axisY(const Channel& c) const { return {y256, height256, height, groupShiftY, c.shiftY, c.height}; }
  int32_t outputsX() const { return (width + (1 << groupShiftX) - 1) >> groupShiftX; }
  int32_t outputsY() const { return (height + (1 << groupShiftY) - 1) >> groupShiftY; }
};

// Calls sink(x, y, count, rows) for every piece of every output row: sample values of Y, U, V (or R, G, B) in
// rows[0..2], which the sink may overwrite. False: a ratio beyond the tables; nothing or a part was given to the sink.
template <typename Sink>
inline bool resizeRows(const ResizeJob& job, Sink&& sink) {
  PlaneReader planes[3];
  const int32_t planeCount = planeReaders(job.source, job.channels, planes);
  StripTaps strips[2];  // of plane 0; of the others
  RowTaps rowTaps[2];
  RowScratch scratch;
  // Garbage times a zero weight is zero, but it has to be memory that was written.
  __builtin_memset(&scratch, 0, sizeof(scratch));
  alignas(64) float values[3][kStripOutputs];
  float* const rows[3] = {values[0], values[1], values[2]};
  const bool chroma = planeCount > 1;

  const int32_t outputs = job.outputsX();
  for (int32_t x = 0, count; x < outputs; x += count) {
    count = minOf(kStripOutputs, outputs - x);
    while (!makeStripTaps(job.axisX(planes[0].shape), x, count, planes[0].components, strips[0]) ||
           (chroma && !makeStripTaps(job.axisX(planes[1].shape), x, count, planes[1].components, strips[1]))) {
      if (count == 1) return false;
      count = (count + 1) / 2;
    }
    for (int32_t y = 0; y < job.outputsY(); y++) {
      if (!makeRowTaps(job.axisY(planes[0].shape), y, rowTaps[0])) return false;
      if (chroma && !makeRowTaps(job.axisY(planes[1].shape), y, rowTaps[1])) return false;
      for (int32_t p = 0, channel = 0; p < planeCount; channel += planes[p++].channels)
        resizeStripRow(planes[p], strips[p > 0], rowTaps[p > 0], count, scratch, rows + channel);
      sink(x, y, count, rows);
    }
  }
  return true;
}

// readPixel over a row, in place.
inline void readPixels(const PixelReader& r, int32_t channels, int32_t count, float* const rows[3]) {
  float *a = rows[0], *b = rows[1], *c = rows[2];
  if (lumaIsEnough(r, channels)) {
    for (int32_t i = 0; i < count; i++) a[i] = luma(r.yuv, a[i]);
    if (channels == 3)
      for (int32_t i = 0; i < count; i++) b[i] = c[i] = a[i];
    return;
  }
  for (int32_t i = 0; i < count; i++) {
    const float samples[3] = {a[i], b[i], c[i]};
    float pixel[3];
    if (r.layout == PixelLayout::rgb) {
      for (int32_t k = 0; k < 3; k++) pixel[k] = samples[k] * r.rgbScale;
      if (channels == 1) pixel[0] = lumaOf(r.weights, pixel);
    } else {
      toRgb(r.yuv, samples[0], samples[1], samples[2], pixel);
    }
    a[i] = pixel[0], b[i] = pixel[1], c[i] = pixel[2];
  }
}

}  // namespace
}  // namespace framepath
