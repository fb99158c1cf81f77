// composeTilesDeep on a host: whole rows instead of cells, the same bits as composeTilesDeep().
#pragma once
#include "kernels/compose_rows.h"

namespace framepath {
namespace {

// Output rows of a plane: weighted sums of source rows first, then across their columns.
class DeepRows {
 public:
  using To = CanvasSamples<uint16_t>;

  static size_t bytes(const ComposeAxis& axis, const ComposeComponent& part) {
    return static_cast<size_t>(axis.count) * sizeof(ComposeTaps) + static_cast<size_t>(part.width) * 4 + 128;
  }

  // For all components of the shape of `part`.
  void build(RowArena& arena, const ComposeAxis& axis, const ComposeComponent& part) {
    count_ = axis.count;
    taps_ = arena.take<ComposeTaps>(static_cast<size_t>(count_));
    columns_ = arena.take<uint32_t>(static_cast<size_t>(part.width));
    for (int32_t o = 0; o < count_; o++) taps_[o] = composeTaps(axis, o);
    const ComposeTaps& last = taps_[count_ - 1];
    first_ = clampIndex(taps_[0].first, part.width);
    end_ = clampIndex(last.first + last.count - 1, part.width) + 1;
    whole_ = axis.step == 256 && axis.rest == 0 && axis.start % 256 == 0 && taps_[0].first >= 0 &&
             taps_[0].first + count_ <= part.width;
  }

  void row(uint16_t* __restrict to, const ComposeComponent& part, const ComposeTaps& down) {
    memset(columns_ + first_, 0, static_cast<size_t>(end_ - first_) * 4);
    TapWeights weights = weightsOf(down);
    for (int32_t j = 0; j < down.count; j++) add(part, composeRow(part, down.first + j), weights.next());
    for (int32_t x = first_; x < end_; x++) columns_[x] = To::scaled(columns_[x], part.depth);
    if (whole_) {
      const uint32_t* __restrict from = columns_ + taps_[0].first;
      for (int32_t o = 0; o < count_; o++) to[o] = value(from[o] * 256);
      return;
    }
    for (int32_t o = 0; o < count_; o++) {
      const ComposeTaps& across = taps_[o];
      TapWeights weight = weightsOf(across);
      uint32_t sum = 0;
      for (int32_t i = 0; i < across.count; i++)
        sum += weight.next() * columns_[clampIndex(across.first + i, part.width)];
      to[o] = value(sum);
    }
  }

 private:
  static uint16_t value(uint32_t sum) {
    sum = (sum + 32768) >> 16;
    return static_cast<uint16_t>(sum > static_cast<uint32_t>(To::most) ? static_cast<uint32_t>(To::most) : sum);
  }

  void add(const ComposeComponent& part, const uint8_t* row, uint32_t weight) {
    uint32_t* __restrict columns = columns_;
    if (part.depth == 8) {
      for (int32_t x = first_; x < end_; x++) columns[x] += weight * row[x * part.step + part.offset];
      return;
    }
    const uint16_t* words = reinterpret_cast<const uint16_t*>(row);
    const uint32_t mask = (1u << part.depth) - 1;
    if (part.step == 1) {
      for (int32_t x = first_; x < end_; x++) columns[x] += weight * (words[x] >> part.shift & mask);
    } else {
      for (int32_t x = first_; x < end_; x++)
        columns[x] += weight * (words[x * part.step + part.offset] >> part.shift & mask);
    }
  }

  ComposeTaps* taps_ = nullptr;
  uint32_t* columns_ = nullptr;  // of the source
  int32_t count_ = 0, first_ = 0, end_ = 0;
  bool whole_ = false;  // one tap each, inside the picture
};

// Onto samples of a canvas, `step` apart.
void storeDeep(uint16_t* __restrict to, int32_t step, const uint16_t* __restrict over, int32_t n, int32_t alpha,
               int32_t shift) {
  for (int32_t i = 0; i < n; i++)
    to[i * step] = static_cast<uint16_t>(composeBlend(to[i * step] >> shift, over[i], alpha) << shift);
}

void fillDeep(const ComposeArgs& a, int32_t shift) {
  const int32_t step = a.canvas.format.layout == PixelLayout::semiPlanarYuv ? 2 : 1;
  for (int32_t y = 0; y < a.canvas.height / 2; y++) {
    for (int32_t i = 0; i < 2; i++) {
      uint16_t* luma = canvasSample<uint16_t>(a.canvas, 0, y, 2 * i);
      for (int32_t x = 0; x < a.canvas.width; x++) luma[x] = static_cast<uint16_t>(a.background[0] << shift);
    }
    for (int32_t c = 1; c < 3; c++) {
      uint16_t* chroma = canvasSample<uint16_t>(a.canvas, 0, y, 3 + c);
      for (int32_t x = 0; x < a.canvas.width / 2; x++)
        chroma[x * step] = static_cast<uint16_t>(a.background[c] << shift);
    }
  }
}

void deepTile(const ComposeArgs& a, const ComposeTile& t, int32_t shift) {
  const int32_t width = t.toWidth, half = width / 2;
  const bool rgb = t.color == ComposeColor::rgb, convert = t.color == ComposeColor::convert;
  const bool gray = t.source.format.layout == PixelLayout::gray;
  const int32_t step = a.canvas.format.layout == PixelLayout::semiPlanarYuv ? 2 : 1;
  const ComposeComponent parts[3] = {composeComponent(t.source, 0), composeComponent(t.source, gray ? 0 : 1),
                                     composeComponent(t.source, gray ? 0 : 2)};
  RowArena arena(DeepRows::bytes(t.lumaX, parts[0]) + DeepRows::bytes(t.chromaX, parts[1]) +
                 5 * (static_cast<size_t>(width) * 2 + 64));
  DeepRows luma, chroma;
  luma.build(arena, t.lumaX, parts[0]);
  chroma.build(arena, t.chromaX, parts[1]);
  uint16_t* rows[3];
  for (uint16_t*& row : rows) row = arena.take<uint16_t>(static_cast<size_t>(width));
  uint16_t* u = arena.take<uint16_t>(static_cast<size_t>(half));
  uint16_t* v = arena.take<uint16_t>(static_cast<size_t>(half));
  for (int32_t i = 0; i < half; i++) u[i] = v[i] = CanvasSamples<uint16_t>::neutral;
  const auto converted = [&](int32_t row, int32_t first, int32_t second, int32_t third) {
    return static_cast<uint16_t>(composeConvert<uint16_t>(t, row, first, second, third));
  };

  for (int32_t y = 0; y < t.toHeight / 2; y++) {
    const int32_t x0 = t.toX / 2, y0 = t.toY / 2 + y;
    const ComposeTaps down = composeTaps(t.chromaY, y);
    if (rgb) {
      for (int32_t c = 0; c < 3; c++) chroma.row(rows[c], parts[c], down);
      for (int32_t i = 0; i < half; i++) {
        u[i] = converted(1, rows[0][i], rows[1][i], rows[2][i]);
        v[i] = converted(2, rows[0][i], rows[1][i], rows[2][i]);
      }
    } else if (!gray) {
      chroma.row(u, parts[1], down);
      chroma.row(v, parts[2], down);
    }
    for (int32_t i = 0; i < 2; i++) {
      const ComposeTaps downLuma = composeTaps(t.lumaY, 2 * y + i);
      for (int32_t c = 0; c < (rgb ? 3 : 1); c++) luma.row(rows[c], parts[c], downLuma);
      if (rgb)
        for (int32_t x = 0; x < width; x++) rows[0][x] = converted(0, rows[0][x], rows[1][x], rows[2][x]);
      if (convert)
        for (int32_t x = 0; x < width; x++) rows[0][x] = converted(0, rows[0][x], u[x / 2], v[x / 2]);
      storeDeep(canvasSample<uint16_t>(a.canvas, x0, y0, 2 * i), 1, rows[0], width, t.alpha, shift);
    }
    if (convert)
      for (int32_t i = 0; i < half; i++) {
        const int32_t u0 = u[i], v0 = v[i];
        u[i] = converted(1, 0, u0, v0);
        v[i] = converted(2, 0, u0, v0);
      }
    storeDeep(canvasSample<uint16_t>(a.canvas, x0, y0, 4), step, u, half, t.alpha, shift);
    storeDeep(canvasSample<uint16_t>(a.canvas, x0, y0, 5), step, v, half, t.alpha, shift);
    if (convert && gray)
      for (int32_t i = 0; i < half; i++) u[i] = v[i] = CanvasSamples<uint16_t>::neutral;
  }
}

void deepRows(const ComposeArgs& a) {
  const int32_t shift = CanvasSamples<uint16_t>::shift(a.canvas.format);
  if (a.clear) fillDeep(a, shift);
  for (int32_t n = 0; n < a.count; n++) deepTile(a, a.tiles[n], shift);
}

}  // namespace
}  // namespace framepath
