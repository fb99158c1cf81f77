// Tiles -> one 4:2:0 canvas (I420 or NV12 of 8 bits; of 10, P010 or planes), straight from the sources' own formats and
// never through RGB. What is a template here exists for canvases of bytes and of words.
//
// A sample of a tile is the area average of the source samples it covers, or, where the tile enlarges, the bilinear
// mix of its two neighbours; along each axis with integer weights in closed form, so that a table on a CPU and a GPU
// thread compute the same:
//   output o covers [E(o), E(o + 1)) in 1/256 samples, E(o) = start + o * length / count, L its length
//   L >= 256: weight(i) = cum(i + 1) * 256 / L - cum(i) * 256 / L, cum(i) = clamp(256 i - E(o), 0, L)
//   L <  256: weights 256 - f and f of the neighbours of the centre
//   column = sum(vertical weights * samples) >> (depth - canvas depth)
//   value  = min(most, (sum(horizontal weights * columns) + 2^15) >> 16)
// Samples outside the picture repeat its edge. Chroma is placed as MPEG-2 does: left horizontally, centred vertically.
#pragma once
#include "kernels/tap_weights.h"

namespace framepath {

inline constexpr int32_t kMaxComposeTiles = 16;

struct ComposeAxis {
  int32_t start, length;  // 1/256 samples of the plane
  int32_t count;          // outputs
  int32_t step, rest;     // length = step * count + rest
};

HD ComposeAxis composeAxis(int32_t start, int32_t length, int32_t count) {
  return {start, length, count, length / count, length % count};
}

enum class ComposeColor : uint8_t {
  direct,   // YUV or gray of the canvas's matrix and range
  convert,  // YUV or gray of another matrix or range
  rgb,
};

struct ComposeTile {
  ImageView source;
  ComposeAxis lumaX, lumaY, chromaX, chromaY;
  int32_t toX, toY, toWidth, toHeight;  // canvas pixels, even, inside the canvas
  int32_t alpha;                        // 0..256
  ComposeColor color;
  bool copies;                   // composeCopies(); false is always right
  int32_t matrix[9], offset[3];  // not direct: canvas Y, U, V = (matrix * (source components) + offset) >> 14
};

// Grid: composeGrid(). Later tiles lie on earlier ones.
struct ComposeArgs {
  ImageView canvas;
  uint16_t background[3];  // values of the canvas's depth
  bool clear;              // start from the background, else from what the canvas holds
  int32_t count;
  ComposeTile tiles[kMaxComposeTiles];
  int32_t cells;  // of 2x2 pixels beside one another, the work of one thread; from composeGrid(), 0 is 1
};

// The same of a canvas of 10 bits.
struct DeepComposeArgs {
  ComposeArgs args;
};

// What a canvas of these samples holds: values of `depth` bits, at most `most`.
template <typename Sample>
struct CanvasSamples {
  static constexpr int32_t depth = sizeof(Sample) == 1 ? 8 : 10;
  static constexpr int32_t most = (1 << depth) - 1;
  static constexpr int32_t neutral = 1 << (depth - 1);  // of chroma
  // Of a value in its sample: P010 has it in the high bits.
  static HD int32_t shift(const PixelFormat& format) {
    return sizeof(Sample) > 1 && format.msbAligned ? 16 - depth : 0;
  }
  // From `from` bits to those of the canvas.
  static HD uint32_t scaled(uint32_t value, int32_t from) {
    return from < depth ? value << (depth - from) : value >> (from - depth);
  }
};

HD int32_t composeEdge(const ComposeAxis& axis, int32_t o) {
  const int32_t whole = axis.start + o * axis.step;
  return axis.rest == 0 ? whole : whole + static_cast<int32_t>(static_cast<uint32_t>(o) * axis.rest / axis.count);
}

struct ComposeTaps {
  int32_t first, count;
  int32_t edge, length;  // area average; length 0: bilinear with `edge` as the fraction
};

HD ComposeTaps composeTapsBetween(int32_t from, int32_t to) {
  const int32_t length = to - from;
  if (length >= 256) return {from >> 8, ((to + 255) >> 8) - (from >> 8), from, length};
  const int32_t position = ((from + to) >> 1) - 128;
  return {position >> 8, 2, position & 255, 0};
}

HD ComposeTaps composeTaps(const ComposeAxis& axis, int32_t o) {
  return composeTapsBetween(composeEdge(axis, o), composeEdge(axis, o + 1));
}

HD int32_t composeWeight(const ComposeTaps& taps, int32_t tap) {
  if (taps.length == 0) return tap == 0 ? 256 - taps.edge : taps.edge;
  const int32_t at = (taps.first + tap) * 256 - taps.edge;
  const int32_t low = at < 0 ? 0 : at;
  const int32_t high = at + 256 > taps.length ? taps.length : at + 256;
  return high * 256 / taps.length - low * 256 / taps.length;
}

HD TapWeights weightsOf(const ComposeTaps& t) {
  return TapWeights(t.length, t.length == 0 ? t.edge : t.first * 256 - t.edge);
}

HD int32_t clampIndex(int32_t i, int32_t size) {
  return i < 0 ? 0 : i >= size ? size - 1 : i;
}

// Which bytes hold component c of an image: 0 Y or R, 1 U or G, 2 V or B.
struct ComposeComponent {
  const uint8_t* data;
  int32_t pitchBytes, width, height;
  int32_t step, offset;  // in samples
  int32_t depth, shift;  // value = the `depth` bits above `shift`
};

HD ComposeComponent composeComponent(const ImageView& image, int32_t c) {
  const PixelFormat& f = image.format;
  ComposeComponent out = {
      image.planes[0].data,           image.planes[0].pitchBytes, image.width, image.height, 1, 0, f.depth,
      f.msbAligned ? 16 - f.depth : 0};
  if (f.layout == PixelLayout::rgb) {
    out.step = f.components;
    out.offset = f.bgr ? 2 - c : c;
  } else if (c > 0) {
    const bool pairs = f.layout == PixelLayout::semiPlanarYuv;
    const Plane& plane = image.planes[pairs ? 1 : c];
    out.data = plane.data;
    out.pitchBytes = plane.pitchBytes;
    out.width = (image.width + (1 << f.chromaShiftX) - 1) >> f.chromaShiftX;
    out.height = (image.height + (1 << f.chromaShiftY) - 1) >> f.chromaShiftY;
    out.step = pairs ? 2 : 1;
    out.offset = pairs ? c - 1 : 0;
  }
  return out;
}

HD const uint8_t* composeRow(const ComposeComponent& p, int32_t y) {
  return p.data + static_cast<size_t>(clampIndex(y, p.height)) * p.pitchBytes;
}
HD int32_t composePosition(const ComposeComponent& p, int32_t x) {
  return clampIndex(x, p.width) * p.step + p.offset;
}
HD uint32_t composeStored(const ComposeComponent& p, const uint8_t* row, int32_t i) {
  if (p.depth == 8) return row[i];
  return static_cast<uint32_t>(reinterpret_cast<const uint16_t*>(row)[i]) >> p.shift & ((1u << p.depth) - 1);
}

template <typename Sample = uint8_t>
HD int32_t composeSample(const ComposeComponent& p, const ComposeTaps& across, const ComposeTaps& down) {
  using To = CanvasSamples<Sample>;
  uint32_t sum = 32768;
  if (across.count == 1 && down.count == 1) {  // a sample as it is: both weights are 256
    const uint32_t stored = composeStored(p, composeRow(p, down.first), composePosition(p, across.first));
    sum += To::scaled(stored * 256, p.depth) * 256;
  } else {
    TapWeights weights = weightsOf(across);
    const TapWeights fromTheTop = weightsOf(down);
    for (int32_t i = 0; i < across.count; i++) {
      const int32_t position = composePosition(p, across.first + i);
      uint32_t column = 0;
      TapWeights weightsDown = fromTheTop;
      for (int32_t j = 0; j < down.count; j++)
        column += weightsDown.next() * composeStored(p, composeRow(p, down.first + j), position);
      sum += weights.next() * To::scaled(column, p.depth);
    }
  }
  sum >>= 16;
  return static_cast<int32_t>(sum > To::most ? To::most : sum);
}

template <typename Sample = uint8_t>
HD int32_t composeConvert(const ComposeTile& t, int32_t row, int32_t a, int32_t b, int32_t c) {
  const int32_t v =
      (t.matrix[row * 3] * a + t.matrix[row * 3 + 1] * b + t.matrix[row * 3 + 2] * c + t.offset[row]) >> 14;
  return v < 0 ? 0 : v > CanvasSamples<Sample>::most ? CanvasSamples<Sample>::most : v;
}

// Cell (x, y) of the tile: its four luma samples, then U and V.
template <typename Sample>
HD void composeCell(const ComposeTile& t, int32_t x, int32_t y, int32_t out[6]) {
  const bool gray = t.source.format.layout == PixelLayout::gray;
  const ComposeComponent first = composeComponent(t.source, 0);
  const ComposeTaps across[2] = {composeTaps(t.lumaX, 2 * x), composeTaps(t.lumaX, 2 * x + 1)};
  const ComposeTaps down[2] = {composeTaps(t.lumaY, 2 * y), composeTaps(t.lumaY, 2 * y + 1)};
  const ComposeTaps acrossChroma = composeTaps(t.chromaX, x), downChroma = composeTaps(t.chromaY, y);
  if (t.color == ComposeColor::rgb) {
    const ComposeComponent second = composeComponent(t.source, 1), third = composeComponent(t.source, 2);
    for (int32_t i = 0; i < 4; i++) {
      const ComposeTaps &h = across[i & 1], &v = down[i >> 1];
      out[i] = composeConvert<Sample>(t, 0, composeSample<Sample>(first, h, v), composeSample<Sample>(second, h, v),
                                      composeSample<Sample>(third, h, v));
    }
    const int32_t r = composeSample<Sample>(first, acrossChroma, downChroma);
    const int32_t g = composeSample<Sample>(second, acrossChroma, downChroma);
    const int32_t b = composeSample<Sample>(third, acrossChroma, downChroma);
    out[4] = composeConvert<Sample>(t, 1, r, g, b);
    out[5] = composeConvert<Sample>(t, 2, r, g, b);
    return;
  }
  int32_t u = CanvasSamples<Sample>::neutral, v = u;
  if (!gray) {
    u = composeSample<Sample>(composeComponent(t.source, 1), acrossChroma, downChroma);
    v = composeSample<Sample>(composeComponent(t.source, 2), acrossChroma, downChroma);
  }
  const bool convert = t.color == ComposeColor::convert;
  for (int32_t i = 0; i < 4; i++) {
    const int32_t luma = composeSample<Sample>(first, across[i & 1], down[i >> 1]);
    out[i] = convert ? composeConvert<Sample>(t, 0, luma, u, v) : luma;
  }
  out[4] = convert ? composeConvert<Sample>(t, 1, 0, u, v) : u;
  out[5] = convert ? composeConvert<Sample>(t, 2, 0, u, v) : v;
}

HD int32_t composeBlend(int32_t under, int32_t over, int32_t alpha) {
  return (under * (256 - alpha) + over * alpha + 128) >> 8;
}

// Whether the tile is its source's samples as they are, of whole cells inside the picture.
HD bool composeCopies(const ComposeTile& t) {
  const PixelFormat& f = t.source.format;
  const bool planes = f.layout == PixelLayout::planarYuv || f.layout == PixelLayout::semiPlanarYuv;
  if (!planes || f.depth != 8 || f.chromaShiftX != 1 || f.chromaShiftY != 1) return false;
  if (t.color != ComposeColor::direct || t.alpha != 256) return false;
  const ComposeComponent luma = composeComponent(t.source, 0), chroma = composeComponent(t.source, 1);
  const auto direct = [](const ComposeAxis& axis, int32_t cell, int32_t size) {
    return axis.step == 256 && axis.rest == 0 && axis.start >= 0 && axis.start % (256 * cell) == 0 &&
           axis.start / 256 + axis.count <= size;
  };
  return direct(t.lumaX, 2, luma.width) && direct(t.lumaY, 2, luma.height) && direct(t.chromaX, 1, chroma.width) &&
         direct(t.chromaY, 1, chroma.height);
}

inline constexpr int32_t kCopiedCells = 4;  // that one thread copies

// Copies are wide, all else is spread: where every tile copies a thread has several cells.
HD Grid composeGrid(ComposeArgs& a) {
  a.cells = a.canvas.format.depth == 8 ? kCopiedCells : 1;
  for (int32_t n = 0; n < a.count; n++)
    if (!composeCopies(a.tiles[n])) a.cells = 1;
  return {(a.canvas.width / 2 + a.cells - 1) / a.cells, a.canvas.height / 2, 1};
}

// Where sample i of cell (x, y) of a canvas is stored: 0..3 luma, 4 U, 5 V.
template <typename Sample = uint8_t>
HD Sample* canvasSample(const ImageView& canvas, int32_t x, int32_t y, int32_t i) {
  constexpr size_t bytes = sizeof(Sample);
  if (i < 4)
    return reinterpret_cast<Sample*>(canvas.planes[0].data +
                                     static_cast<size_t>(2 * y + (i >> 1)) * canvas.planes[0].pitchBytes +
                                     (2 * x + (i & 1)) * bytes);
  if (canvas.format.layout == PixelLayout::semiPlanarYuv)
    return reinterpret_cast<Sample*>(canvas.planes[1].data + static_cast<size_t>(y) * canvas.planes[1].pitchBytes +
                                     (2 * x + (i - 4)) * bytes);
  return reinterpret_cast<Sample*>(canvas.planes[i - 3].data +
                                   static_cast<size_t>(y) * canvas.planes[i - 3].pitchBytes + x * bytes);
}

template <typename Sample>
HD void composeCellOf(const ComposeArgs& a, int32_t x, int32_t y) {
  // Read apart from the canvas: a pointer to either would make a GPU copy all arguments into every thread's memory.
  const int32_t background[3] = {a.background[0], a.background[1], a.background[2]};
  const int32_t shift = CanvasSamples<Sample>::shift(a.canvas.format);
  int32_t value[6];
  for (int32_t i = 0; i < 6; i++)
    value[i] = a.clear ? background[i < 4 ? 0 : i - 3] : *canvasSample<Sample>(a.canvas, x, y, i) >> shift;
  for (int32_t n = 0; n < a.count; n++) {
    const ComposeTile& t = a.tiles[n];
    const int32_t tx = x - t.toX / 2, ty = y - t.toY / 2;
    if (tx < 0 || ty < 0 || tx >= t.toWidth / 2 || ty >= t.toHeight / 2) continue;
    int32_t over[6];
    composeCell<Sample>(t, tx, ty, over);
    for (int32_t i = 0; i < 6; i++) value[i] = composeBlend(value[i], over[i], t.alpha);
  }
  for (int32_t i = 0; i < 6; i++) *canvasSample<Sample>(a.canvas, x, y, i) = static_cast<Sample>(value[i] << shift);
}

// `bytes` is a multiple of 4; as wide as both lie.
HD void copyRun(uint8_t* to, const uint8_t* from, int32_t bytes) {
  const uintptr_t both = reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from);
  if (bytes == 8 && both % 8 == 0) {
    *reinterpret_cast<uint64_t*>(to) = *reinterpret_cast<const uint64_t*>(from);
  } else if (both % 4 == 0) {
    for (int32_t i = 0; i < bytes; i += 4)
      *reinterpret_cast<uint32_t*>(to + i) = *reinterpret_cast<const uint32_t*>(from + i);
  } else {
    for (int32_t i = 0; i < bytes; i++) to[i] = from[i];
  }
}

// Cells [x, x + kCopiedCells) of a tile that copies.
HD void copyCells(const ComposeTile& t, const ImageView& canvas, int32_t x, int32_t y) {
  const Plane* from = t.source.planes;
  const int32_t column = t.chromaX.start / 256 + x;
  const int32_t canvasX = t.toX / 2 + x, canvasY = t.toY / 2 + y;
  for (int32_t line = 0; line < 2; line++)
    copyRun(canvasSample(canvas, canvasX, canvasY, 2 * line),
            from[0].data + static_cast<size_t>(t.lumaY.start / 256 + 2 * y + line) * from[0].pitchBytes + 2 * column,
            2 * kCopiedCells);
  const size_t row = static_cast<size_t>(t.chromaY.start / 256 + y);
  const bool pairs = t.source.format.layout == PixelLayout::semiPlanarYuv;
  if (pairs == (canvas.format.layout == PixelLayout::semiPlanarYuv)) {
    for (int32_t c = 1; c < (pairs ? 2 : 3); c++)
      copyRun(canvasSample(canvas, canvasX, canvasY, 3 + c),
              from[c].data + row * from[c].pitchBytes + (pairs ? 2 : 1) * column, (pairs ? 2 : 1) * kCopiedCells);
    return;
  }
  for (int32_t i = 0; i < kCopiedCells; i++)
    for (int32_t c = 0; c < 2; c++) {
      const Plane& plane = from[pairs ? 1 : 1 + c];
      *canvasSample(canvas, canvasX + i, canvasY, 4 + c) =
          plane.data[row * plane.pitchBytes + (pairs ? 2 * (column + i) + c : column + i)];
    }
}

// Whether the cells from x on were copied, of tiles that all copy: the topmost there has them all.
HD bool copyTopmost(const ComposeArgs& a, int32_t x, int32_t y) {
  for (int32_t n = a.count - 1; n >= 0; n--) {
    const ComposeTile& t = a.tiles[n];
    const int32_t tx = x - t.toX / 2, ty = y - t.toY / 2, width = t.toWidth / 2;
    if (ty < 0 || ty >= t.toHeight / 2 || tx + kCopiedCells <= 0 || tx >= width) continue;
    if (tx < 0 || tx + kCopiedCells > width) return false;
    copyCells(t, a.canvas, tx, ty);
    return true;
  }
  return false;
}

HD void composeTiles(const ComposeArgs& a, int32_t group, int32_t y, int32_t) {
  const int32_t cells = maxOf(a.cells, 1), x = group * cells;
  if (cells == 1) return composeCellOf<uint8_t>(a, x, y);
  const int32_t end = minOf(x + cells, a.canvas.width / 2);
  if (end == x + cells && copyTopmost(a, x, y)) return;
  for (int32_t i = x; i < end; i++) composeCellOf<uint8_t>(a, i, y);
}
HD void composeTilesDeep(const DeepComposeArgs& a, int32_t x, int32_t y, int32_t) {
  composeCellOf<uint16_t>(a.args, x, y);
}

// Sets source, rectangles and axes: the source rectangle in 1/256 stored pixels lands on the canvas rectangle.
HD void placeComposeTile(ComposeTile& t, const ImageView& source, int32_t x256, int32_t y256, int32_t width256,
                         int32_t height256, int32_t toX, int32_t toY, int32_t toWidth, int32_t toHeight) {
  const PixelFormat& f = source.format;
  const bool subsampled = f.layout == PixelLayout::planarYuv || f.layout == PixelLayout::semiPlanarYuv;
  const int32_t shiftX = subsampled ? f.chromaShiftX : 0, shiftY = subsampled ? f.chromaShiftY : 0;
  t.source = source;
  t.toX = toX;
  t.toY = toY;
  t.toWidth = toWidth;
  t.toHeight = toHeight;
  t.lumaX = composeAxis(x256, width256, toWidth);
  t.lumaY = composeAxis(y256, height256, toHeight);
  // Left siting: canvas chroma o stands on canvas luma 2 o, and covers one luma sample to either side of its centre.
  t.chromaX = composeAxis(((x256 - width256 / toWidth / 2 - 128) >> shiftX) + 128, width256 >> shiftX, toWidth / 2);
  t.chromaY = composeAxis(y256 >> shiftY, height256 >> shiftY, toHeight / 2);
}

}  // namespace framepath
