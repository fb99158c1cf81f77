#include "compose/color.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/transfer.h"

namespace framepath::compose {
namespace {

// v = m * (components) + offset, in codes of 0..255.
struct Affine {
  std::array<double, 9> m;
  std::array<double, 3> offset;
};

struct Weights {
  double red, blue;
};
Weights weightsOf(ColorMatrix matrix) {
  switch (matrix) {
    case ColorMatrix::bt601: return {0.299, 0.114};
    case ColorMatrix::bt709: return {0.2126, 0.0722};
    case ColorMatrix::bt2020: return {0.2627, 0.0593};
  }
  return {0.2126, 0.0722};
}

struct Codes {
  double luma, chroma, black;
};
Codes codesOf(ColorRange range) {
  return range == ColorRange::full ? Codes{255, 255, 0} : Codes{219, 224, 16};
}

// R, G, B codes (0..255) -> Y, U, V codes.
Affine fromRgb(ColorMatrix matrix, ColorRange range) {
  const auto [kr, kb] = weightsOf(matrix);
  const auto [luma, chroma, black] = codesOf(range);
  const double kg = 1 - kr - kb, l = luma / 255, u = chroma / 255 / (2 * (1 - kb)), v = chroma / 255 / (2 * (1 - kr));
  return {{kr * l, kg * l, kb * l, -kr * u, -kg * u, (1 - kb) * u, (1 - kr) * v, -kg * v, -kb * v}, {black, 128, 128}};
}

// Y, U, V codes -> R, G, B codes.
Affine toRgb(ColorMatrix matrix, ColorRange range) {
  const auto [kr, kb] = weightsOf(matrix);
  const auto [luma, chroma, black] = codesOf(range);
  const double kg = 1 - kr - kb, l = 255 / luma, c = 255 / chroma;
  const double rv = 2 * (1 - kr) * c, bu = 2 * (1 - kb) * c;
  const double gu = -kb / kg * bu, gv = -kr / kg * rv;
  Affine out{{l, 0, rv, l, gu, gv, l, bu, 0}, {}};
  for (int i = 0; i < 3; i++) out.offset[i] = -(l * black + 128 * (out.m[i * 3 + 1] + out.m[i * 3 + 2]));
  return out;
}

Affine after(const Affine& first, const Affine& second) {
  Affine out{};
  for (int r = 0; r < 3; r++) {
    out.offset[r] = second.offset[r];
    for (int k = 0; k < 3; k++) {
      out.offset[r] += second.m[r * 3 + k] * first.offset[k];
      for (int c = 0; c < 3; c++) out.m[r * 3 + c] += second.m[r * 3 + k] * first.m[k * 3 + c];
    }
  }
  return out;
}

// Full range of 10 bits ends at 1023, not at 4 * 255; chroma without colour is 512 all the same.
void fitFullRange(Affine& change, double unit, bool rgb) {
  const double fit = 255 * unit / (256 * unit - 1);
  for (int r = 0; r < 3; r++) {
    if (!rgb) change.offset[r] += 128 * (1 - fit) * (change.m[r * 3 + 1] + change.m[r * 3 + 2]);
    for (int c = 0; c < 3; c++) change.m[r * 3 + c] *= fit;
  }
}

}  // namespace

void setTileColor(ComposeTile& tile, ColorMatrix canvasMatrix, ColorRange canvasRange, int32_t canvasDepth) {
  const ImageView& source = tile.source;
  Affine change = fromRgb(canvasMatrix, canvasRange);
  if (source.format.layout == PixelLayout::rgb) {
    tile.color = ComposeColor::rgb;
  } else {
    const bool sameMatrix = source.matrix == canvasMatrix || source.format.layout == PixelLayout::gray;
    tile.color = sameMatrix && source.range == canvasRange ? ComposeColor::direct : ComposeColor::convert;
    change = after(toRgb(sameMatrix ? canvasMatrix : source.matrix, source.range), change);
  }
  // Codes are as many times as large in more bits, but for those of full range.
  const double unit = 1 << (canvasDepth - 8);
  const bool rgb = tile.color == ComposeColor::rgb;
  if (canvasDepth > 8 && source.format.depth > 8 && (rgb || source.range == ColorRange::full))
    fitFullRange(change, unit, rgb);
  for (int i = 0; i < 9; i++) tile.matrix[i] = static_cast<int32_t>(std::lround(change.m[i] * 16384));
  for (int i = 0; i < 3; i++)
    tile.offset[i] = static_cast<int32_t>(std::lround(change.offset[i] * unit * 16384)) + 8192;
}

Yuv toYuv(double r, double g, double b, ColorMatrix matrix, ColorRange range) {
  const Affine to = fromRgb(matrix, range);
  std::array<uint8_t, 3> out{};
  for (int i = 0; i < 3; i++) {
    const double v = 255 * (to.m[i * 3] * r + to.m[i * 3 + 1] * g + to.m[i * 3 + 2] * b) + to.offset[i];
    out[i] = static_cast<uint8_t>(std::clamp(std::lround(v), 0L, 255L));
  }
  return {out[0], out[1], out[2]};
}

Yuv paletteColor(int64_t number) {
  // Hues a golden section apart: neighbours in number are far apart in colour.
  const double hue = std::fmod(static_cast<double>(number < 0 ? -number : number) * 0.6180339887498949, 1.0) * 6;
  auto channel = [&](double shift) {
    const double k = std::fmod(hue + shift, 6.0);
    return 0.95 * (1 - 0.8 * std::clamp(std::min(k, 4 - k), 0.0, 1.0));
  };
  return toYuv(channel(5), channel(3), channel(1), ColorMatrix::bt709, ColorRange::limited);
}

CanvasColor onCanvas(Yuv color, const ImageView& canvas) {
  if (canvas.transfer == ColorTransfer::sdr) return {color.y, color.u, color.v};
  const Affine from = toRgb(ColorMatrix::bt709, ColorRange::limited), to = fromRgb(canvas.matrix, canvas.range);
  std::array<double, 3> signal{};
  for (int i = 0; i < 3; i++) {
    const double* m = &from.m[i * 3];
    signal[i] = (m[0] * color.y + m[1] * color.u + m[2] * color.v + from.offset[i]) / 255;
  }
  const std::array<double, 3> shown = transfer::hdrOfSdr(signal, canvas.transfer);
  CanvasColor out{};
  for (int i = 0; i < 3; i++) {
    const double* m = &to.m[i * 3];
    const double code = 255 * (m[0] * shown[0] + m[1] * shown[1] + m[2] * shown[2]) + to.offset[i];
    out[i] = static_cast<uint16_t>(std::clamp(std::lround(code * 4), 0L, 1023L));
  }
  return out;
}

}  // namespace framepath::compose
