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
    return mostTaps(axis) * 8 + static_cast<size_t>(axis.count) * 4 + static_cast<size_t>(part.width) * 4 + 256;
  }

  // For all components of the shape of `part`.
  void build(RowArena& arena, const ComposeAxis& axis, const ComposeComponent& part) {
    count_ = axis.count;
    ends_ = arena.take<int32_t>(static_cast<size_t>(count_));
    weights_ = arena.take<uint32_t>(mostTaps(axis));
    places_ = arena.take<int32_t>(mostTaps(axis));
    columns_ = arena.take<uint32_t>(static_cast<size_t>(part.width));
    int32_t taps = 0;
    for (int32_t o = 0; o < count_; o++) {
      const ComposeTaps across = composeTaps(axis, o);
      TapWeights weight = weightsOf(across);
      for (int32_t i = 0; i < across.count; i++, taps++) {
        weights_[taps] = weight.next();
        places_[taps] = clampIndex(across.first + i, part.width);
      }
      ends_[o] = taps;
    }
    first_ = places_[0];
    end_ = places_[taps - 1] + 1;
    whole_ = axis.step == 256 && axis.rest == 0 && axis.start % 256 == 0 && end_ - first_ == count_;
  }

  void row(uint16_t* __restrict to, const ComposeComponent& part, const ComposeTaps& down) {
    // Local: stores of words might change members, as far as the compiler knows.
    const int32_t first = first_, end = end_, count = count_;
    uint32_t* __restrict columns = columns_;
    TapWeights weights = weightsOf(down);
    memset(columns + first, 0, static_cast<size_t>(end - first) * 4);
    for (int32_t j = 0; j < down.count; j++)
      add(columns, first, end, part, composeRow(part, down.first + j), weights.next());
    const int32_t up = part.depth < To::depth ? To::depth - part.depth : 0;
    const int32_t off = part.depth > To::depth ? part.depth - To::depth : 0;
    for (int32_t x = first; x < end; x++) columns[x] = columns[x] << up >> off;
    if (whole_) {
      for (int32_t o = 0; o < count; o++) to[o] = value(columns[first + o] * 256);
      return;
    }
    const uint32_t* __restrict weight = weights_;
    const int32_t* __restrict place = places_;
    const int32_t* __restrict ends = ends_;
    for (int32_t o = 0, tap = 0; o < count; o++) {
      uint32_t sum = 0;
      for (; tap < ends[o]; tap++) sum += weight[tap] * columns[place[tap]];
      to[o] = value(sum);
    }
  }

 private:
  // Of all outputs of an axis.
  static size_t mostTaps(const ComposeAxis& axis) {
    return static_cast<size_t>(axis.length / 256) + 2 * static_cast<size_t>(axis.count) + 2;
  }

  static uint16_t value(uint32_t sum) {
    sum = (sum + 32768) >> 16;
    constexpr auto most = static_cast<uint32_t>(To::most);
    return static_cast<uint16_t>(sum > most ? most : sum);
  }

  static void add(uint32_t* __restrict columns, int32_t first, int32_t end, const ComposeComponent& part,
                  const uint8_t* row, uint32_t weight) {
    const int32_t step = part.step, offset = part.offset, shift = part.shift;
    const uint32_t mask = (1u << part.depth) - 1;
    const uint16_t* __restrict words = reinterpret_cast<const uint16_t*>(row);
    if (part.depth == 8) {
      for (int32_t x = first; x < end; x++) columns[x] += weight * row[x * step + offset];
    } else if (step == 1) {
      for (int32_t x = first; x < end; x++) columns[x] += weight * (static_cast<uint32_t>(words[x]) >> shift & mask);
    } else if (step == 2) {
      for (int32_t x = first; x < end; x++)
        columns[x] += weight * (static_cast<uint32_t>(words[2 * x + offset]) >> shift & mask);
    } else {
      for (int32_t x = first; x < end; x++)
        columns[x] += weight * (static_cast<uint32_t>(words[x * step + offset]) >> shift & mask);
    }
  }

  uint32_t* weights_ = nullptr;  // of the taps of all outputs, and the columns that they take
  int32_t* places_ = nullptr;
  int32_t* ends_ = nullptr;      // of each output's taps
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
void storeDeep(uint16_t* __restrict to, const uint16_t* __restrict over, int32_t n, int32_t shift) {
  for (int32_t i = 0; i < n; i++) to[i] = static_cast<uint16_t>(over[i] << shift);
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
      uint16_t* to = canvasSample<uint16_t>(a.canvas, x0, y0, 2 * i);
      if (t.alpha == 256)
        storeDeep(to, rows[0], width, shift);
      else
        storeDeep(to, 1, rows[0], width, t.alpha, shift);
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
