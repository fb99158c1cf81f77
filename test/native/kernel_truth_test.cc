// The pixel kernels against textbook formulas in double precision: bit-equality between targets would not notice a
// mistake they share.
#include <algorithm>

#include "check.h"
#include "conformance/pictures.h"
#include "kernels/complexity_summary.h"
#include "kernels/host.h"

using namespace framepath;
using namespace framepath::conformance;

namespace {

template <typename Args>
void runKernel(const Args& args, const Grid& grid) {
  hostKernels(chooseIsa())[static_cast<int>(KernelOf<Args>::id)](&args, grid);
}

// Sample of channel c (Y, U, V or R, G, B) read straight from the format's definition.
double sampleOf(const ImageView& v, int c, int x, int y) {
  const PixelFormat& f = v.format;
  const bool yuv = f.layout == PixelLayout::planarYuv || f.layout == PixelLayout::semiPlanarYuv;
  const int sx = yuv && c ? f.chromaShiftX : 0, sy = yuv && c ? f.chromaShiftY : 0;
  x = std::clamp(x, 0, ((v.width + (1 << sx) - 1) >> sx) - 1);
  y = std::clamp(y, 0, ((v.height + (1 << sy) - 1) >> sy) - 1);
  int plane = 0, index = x;
  if (f.layout == PixelLayout::planarYuv) plane = c;
  if (f.layout == PixelLayout::semiPlanarYuv && c) plane = 1, index = 2 * x + c - 1;
  if (f.layout == PixelLayout::rgb) index = x * f.components + (f.bgr ? 2 - c : c);
  const uint8_t* row = v.planes[plane].data + static_cast<size_t>(y) * v.planes[plane].pitchBytes;
  if (f.depth == 8) return row[index];
  return (row[2 * index] | row[2 * index + 1] << 8) >> (f.msbAligned ? 16 - f.depth : 0);
}

// Mean over the rectangle (in samples of the channel), edges repeated: the definition of area averaging.
double areaMean(const ImageView& v, int c, double x0, double y0, double x1, double y1) {
  double sum = 0;
  for (int y = static_cast<int>(std::floor(y0)); y < y1; y++)
    for (int x = static_cast<int>(std::floor(x0)); x < x1; x++) {
      const double w =
          (std::min(x1, x + 1.0) - std::max(x0, double(x))) * (std::min(y1, y + 1.0) - std::max(y0, double(y)));
      sum += w * sampleOf(v, c, x, y);
    }
  return sum / ((x1 - x0) * (y1 - y0));
}

double bilinear(const ImageView& v, int c, double x, double y) {
  const int left = static_cast<int>(std::floor(x - 0.5)), top = static_cast<int>(std::floor(y - 0.5));
  const double fx = x - 0.5 - left, fy = y - 0.5 - top;
  return (sampleOf(v, c, left, top) * (1 - fx) + sampleOf(v, c, left + 1, top) * fx) * (1 - fy) +
         (sampleOf(v, c, left, top + 1) * (1 - fx) + sampleOf(v, c, left + 1, top + 1) * fx) * fy;
}

// ITU-R BT.601/709/2020: from sample values to R'G'B' in 0..255, clamped.
void textbookRgb(const ImageView& v, const double s[3], double rgb[3]) {
  const PixelFormat& f = v.format;
  const double peak = (1 << f.depth) - 1;
  if (f.layout == PixelLayout::rgb) {
    for (int c = 0; c < 3; c++) rgb[c] = s[c] / peak * 255;
    return;
  }
  const double kr = v.matrix == ColorMatrix::bt601 ? 0.299 : v.matrix == ColorMatrix::bt709 ? 0.2126 : 0.2627;
  const double kb = v.matrix == ColorMatrix::bt601 ? 0.114 : v.matrix == ColorMatrix::bt709 ? 0.0722 : 0.0593;
  const double unit = 1 << (f.depth - 8);
  const bool limited = v.range == ColorRange::limited;
  const double y = limited ? (s[0] - 16 * unit) / (219 * unit) : s[0] / peak;
  const double cb = f.layout == PixelLayout::gray ? 0 : (s[1] - 128 * unit) / (limited ? 224 * unit : peak);
  const double cr = f.layout == PixelLayout::gray ? 0 : (s[2] - 128 * unit) / (limited ? 224 * unit : peak);
  const double r = y + 2 * (1 - kr) * cr, b = y + 2 * (1 - kb) * cb;
  const double g = (y - kr * r - kb * b) / (1 - kr - kb);
  rgb[0] = std::clamp(r, 0.0, 1.0) * 255;
  rgb[1] = std::clamp(g, 0.0, 1.0) * 255;
  rgb[2] = std::clamp(b, 0.0, 1.0) * 255;
}

ImageView noisePicture(Random& random, Stage& stage, PixelFormat format, int32_t width, int32_t height) {
  ImageView v = picture(random, stage, format, width, height, Contents::any);
  // Noise: every wrong weight shows. Values beyond the depth have no textbook meaning.
  const bool wide = format.depth > 8;
  for (int p = 0; p < planeCount(format); p++)
    for (int y = 0; y < planeHeight(v, p); y++) {
      uint8_t* row = v.planes[p].data + static_cast<size_t>(y) * v.planes[p].pitchBytes;
      const int bytes = planeWidth(v, p) * sampleBytes(v, p);
      for (int x = 0; x < bytes; x++) row[x] = random.byte();
      for (int x = 1; wide && !format.msbAligned && x < bytes; x += 2) row[x] &= (1 << (format.depth - 8)) - 1;
    }
  return v;
}

struct Letterboxed {
  std::vector<float> values;
  ImageView source;
};

// The whole picture into a tensor of its own, NCHW RGB, without normalisation.
Letterboxed letterboxed(Random& random, Stage& stage, PixelFormat format, int32_t width, int32_t height,
                        int32_t toWidth, int32_t toHeight) {
  Letterboxed result;
  result.source = noisePicture(random, stage, format, width, height);
  result.values.resize(static_cast<size_t>(toWidth) * toHeight * 3);
  LetterboxArgs a{};
  a.source = result.source;
  a.width256 = width * 256, a.height256 = height * 256;
  a.toWidth = toWidth, a.toHeight = toHeight;
  a.slot = {result.values.data(), ElementType::float32, TensorLayout::nchw, toWidth, toHeight};
  a.normalize = {{0, 0, 0}, {1, 1, 1}, 0, false, 3};
  runKernel(a, {toWidth, toHeight, 1});
  return result;
}

}  // namespace

TEST(letterbox_is_the_area_average_where_it_shrinks) {
  Random random(11);
  for (const PixelFormat& format : kFormats) {
    if (format.chromaShiftX == 2) continue;  // its chroma grows at these ratios
    HostStage stage("", hostKernels(Isa::baseline));
    const int w = 101, h = 77, toW = 23, toH = 19;
    const Letterboxed out = letterboxed(random, stage, format, w, h, toW, toH);
    const int channels = format.layout == PixelLayout::gray ? 1 : 3;
    double worst = 0, total = 0;
    for (int y = 0; y < toH; y++)
      for (int x = 0; x < toW; x++) {
        double s[3] = {}, rgb[3];
        for (int c = 0; c < channels; c++) {
          const bool chroma = c && format.layout != PixelLayout::rgb;
          const double sx = chroma ? 1 << format.chromaShiftX : 1, sy = chroma ? 1 << format.chromaShiftY : 1;
          s[c] = areaMean(out.source, c, x * double(w) / toW / sx, y * double(h) / toH / sy,
                          (x + 1) * double(w) / toW / sx, (y + 1) * double(h) / toH / sy);
        }
        textbookRgb(out.source, s, rgb);
        for (int c = 0; c < 3; c++) {
          const double error = std::fabs(out.values[(size_t(c) * toH + y) * toW + x] - rgb[c]);
          worst = std::max(worst, error);
          total += error;
        }
      }
    // Weights have 8 bits and edges 1/256 pixel; random samples are the worst case.
    CHECK(worst < 2.5);
    CHECK(total / (toW * toH * 3) < 0.5);
  }
}

TEST(letterbox_of_the_same_size_only_converts_the_colour) {
  Random random(12);
  for (const PixelFormat& format :
       {pixelFormat::yuv444p, pixelFormat::rgb24, pixelFormat::bgr24, pixelFormat::rgba, pixelFormat::gray8,
        PixelFormat{PixelLayout::planarYuv, 0, 0, 16, 3, false, false}}) {
    HostStage stage("", hostKernels(Isa::baseline));
    const Letterboxed out = letterboxed(random, stage, format, 61, 33, 61, 33);
    double worst = 0;
    for (int y = 0; y < 33; y++)
      for (int x = 0; x < 61; x++) {
        const int channels = format.layout == PixelLayout::gray ? 1 : 3;
        double s[3] = {}, rgb[3];
        for (int c = 0; c < channels; c++) s[c] = sampleOf(out.source, c, x, y);
        textbookRgb(out.source, s, rgb);
        for (int c = 0; c < 3; c++)
          worst = std::max(worst, std::fabs(out.values[(size_t(c) * 33 + y) * 61 + x] - rgb[c]));
      }
    CHECK(worst < 0.01);
  }
}

TEST(letterbox_is_bilinear_where_it_grows) {
  Random random(13);
  for (const PixelFormat& format : kFormats) {
    HostStage stage("", hostKernels(Isa::baseline));
    const int w = 40, h = 30, toW = 97, toH = 71;
    const Letterboxed out = letterboxed(random, stage, format, w, h, toW, toH);
    const int channels = format.layout == PixelLayout::gray ? 1 : 3;
    double worst = 0;
    for (int y = 0; y < toH; y++)
      for (int x = 0; x < toW; x++) {
        double s[3] = {}, rgb[3];
        for (int c = 0; c < channels; c++) {
          const bool chroma = c && format.layout != PixelLayout::rgb;
          const double sx = chroma ? 1 << format.chromaShiftX : 1, sy = chroma ? 1 << format.chromaShiftY : 1;
          s[c] = bilinear(out.source, c, (x + 0.5) * w / toW / sx, (y + 0.5) * h / toH / sy);
        }
        textbookRgb(out.source, s, rgb);
        for (int c = 0; c < 3; c++)
          worst = std::max(worst, std::fabs(out.values[(size_t(c) * toH + y) * toW + x] - rgb[c]));
      }
    CHECK(worst < 4.0);  // positions have 1/256 pixel, neighbours differ by up to 255 in every channel
  }
}

TEST(letterbox_normalises_pads_and_orders_channels) {
  const uint8_t rgb[3] = {200, 100, 50};
  float out[4 * 2 * 3];
  LetterboxArgs a{};
  a.source.planes[0] = {const_cast<uint8_t*>(rgb), 3};
  a.source.width = a.source.height = 1;
  a.source.format = pixelFormat::rgb24;
  a.width256 = a.height256 = 256;
  a.toX = 1, a.toY = 1, a.toWidth = 2, a.toHeight = 1;
  a.slot = {out, ElementType::float32, TensorLayout::nhwc, 4, 2};
  a.normalize = {{10, 20, 30}, {0.5f, 0.25f, 2}, 114, true, 3};
  runKernel(a, {4, 2, 1});
  for (int i = 0; i < 8; i++) {
    const bool inside = i == 5 || i == 6;
    CHECK_NEAR(out[i * 3], ((inside ? 50 : 114) - 10) * 0.5, 1e-4);
    CHECK_NEAR(out[i * 3 + 1], ((inside ? 100 : 114) - 20) * 0.25, 1e-4);
    CHECK_NEAR(out[i * 3 + 2], ((inside ? 200 : 114) - 30) * 2.0, 1e-4);
  }
  float one[2];
  a.slot = {one, ElementType::float32, TensorLayout::nchw, 2, 1};
  a.toX = a.toY = 0, a.toHeight = 1;
  a.normalize = {{0, 0, 0}, {1, 1, 1}, 0, false, 1};
  runKernel(a, {2, 1, 1});
  CHECK_NEAR(one[1], 0.2126 * 200 + 0.7152 * 100 + 0.0722 * 50, 1e-3);
}

TEST(whole_numbers_are_rounded_and_end_where_their_type_does) {
  const uint8_t gray = 100;
  LetterboxArgs a{};
  a.source.planes[0] = {const_cast<uint8_t*>(&gray), 1};
  a.source.width = a.source.height = 1;
  a.source.format = pixelFormat::gray8;
  a.source.range = ColorRange::full;
  a.width256 = a.height256 = 256;
  a.toWidth = a.toHeight = 1;
  struct Case {
    float mean, scale;
    int64_t uint8, integer;
  };
  for (const Case& c : {Case{0, 1, 100, 100}, Case{0, 0.256f, 26, 26}, Case{0, 0.254f, 25, 25}, Case{95, 0.5f, 3, 3},
                        Case{105, 0.5f, 0, -3}, Case{104, 0.6f, 0, -2}, Case{0, 3, 255, 300},
                        Case{0, 1e9f, 255, 2147483520}, Case{200, 1e9f, 0, -2147483520}}) {
    a.normalize = {{c.mean, 0, 0}, {c.scale, 1, 1}, 0, false, 1};
    uint8_t byte = 0;
    int32_t word = 0;
    int64_t wide = 0;
    a.slot = {&byte, ElementType::uint8, TensorLayout::nhwc, 1, 1};
    runKernel(a, {1, 1, 1});
    a.slot = {&word, ElementType::int32, TensorLayout::nhwc, 1, 1};
    runKernel(a, {1, 1, 1});
    a.slot = {&wide, ElementType::int64, TensorLayout::nchw, 1, 1};
    runKernel(a, {1, 1, 1});
    CHECK_EQUAL(int64_t{byte}, c.uint8);
    CHECK_EQUAL(int64_t{word}, c.integer);
    CHECK_EQUAL(wide, c.integer);
  }
}

TEST(crops_follow_the_affine_map) {
  // A ramp: the value gives the position. Source pixel (x, y) holds 2x in red and 3y in green.
  const int w = 100, h = 80;
  std::vector<uint8_t> pixels(w * h * 3);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      pixels[(y * w + x) * 3] = static_cast<uint8_t>(2 * x);
      pixels[(y * w + x) * 3 + 1] = static_cast<uint8_t>(3 * y);
    }
  const double angle = 0.4, scale = 1.7;
  const double t[6] = {scale * std::cos(angle), -scale * std::sin(angle), 40,
                       scale * std::sin(angle), scale * std::cos(angle),  10};
  for (int supersample = 1; supersample <= 4; supersample++) {
    const int size = 20;
    std::vector<float> out(size * size * 3);
    CropsArgs a{};
    a.count = 1;
    a.items[0].source.planes[0] = {pixels.data(), w * 3};
    a.items[0].source.width = w, a.items[0].source.height = h;
    a.items[0].source.format = pixelFormat::rgb24;
    for (int i = 0; i < 6; i++) a.items[0].transform[i] = static_cast<int32_t>(std::lround(t[i] * 65536));
    a.items[0].supersample = supersample;
    a.data = out.data();
    a.width = a.height = size;
    a.normalize = {{0, 0, 0}, {1, 1, 1}, 0, false, 3};
    runKernel(a, {size, size, 1});
    for (int y = 0; y < size; y++)
      for (int x = 0; x < size; x++) {
        const double u = t[0] * (x + 0.5) + t[1] * (y + 0.5) + t[2], v = t[3] * (x + 0.5) + t[4] * (y + 0.5) + t[5];
        if (u < 3 || v < 3 || u > w - 3 || v > h - 3) continue;
        CHECK_NEAR(out[y * size + x], 2 * (u - 0.5), 0.03);
        CHECK_NEAR(out[(size + y) * size + x], 3 * (v - 0.5), 0.04);
      }
  }
}

TEST(a_crop_outside_the_picture_is_pad) {
  std::vector<uint8_t> white(16 * 16 * 3, 255);
  float out[4 * 4 * 3];
  CropsArgs a{};
  a.count = 1;
  a.items[0].source.planes[0] = {white.data(), 48};
  a.items[0].source.width = a.items[0].source.height = 16;
  a.items[0].source.format = pixelFormat::rgb24;
  a.items[0].supersample = 2;
  const int32_t transform[6] = {65536 * 2, 0, -65536 * 3, 0, 65536 * 2, 0};  // slot pixel 1 is half outside
  std::copy(transform, transform + 6, a.items[0].transform);
  a.data = out;
  a.width = a.height = 4;
  a.normalize = {{0, 0, 0}, {1, 1, 1}, 55, false, 3};
  runKernel(a, {4, 4, 1});
  CHECK_NEAR(out[0], 55, 1e-3);
  CHECK_NEAR(out[1], (55 + 255) / 2.0, 1e-3);
  CHECK_NEAR(out[2], 255, 1e-3);
}

TEST(convert_between_yuv_layouts_keeps_the_samples) {
  Random random(5);
  HostStage stage("", hostKernels(Isa::baseline));
  for (const int width : {64, 33, 2, 1}) {
    const int height = 19;
    ConvertArgs a{};
    a.source = picture(random, stage, pixelFormat::yuv420p, width, height, Contents::any);
    a.width256 = width * 256, a.height256 = height * 256;
    a.target = picture(random, stage, pixelFormat::nv12, width, height, Contents::output);
    a.target.matrix = a.source.matrix, a.target.range = a.source.range;
    runKernel(a, {width, height, 1});
    int wrong = 0;
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++)
        for (int c = 0; c < 3; c++) {
          const int sx = c ? x / 2 : x, sy = c ? y / 2 : y;
          wrong += sampleOf(a.source, c, sx, sy) != sampleOf(a.target, c, sx, sy);
        }
    CHECK_EQUAL(wrong, 0);
  }
}

TEST(convert_to_rgb_and_back_is_within_two) {
  Random random(6);
  HostStage stage("", hostKernels(Isa::baseline));
  ConvertArgs a{};
  a.source = picture(random, stage, pixelFormat::rgb24, 50, 40, Contents::any);
  a.width256 = 50 * 256, a.height256 = 40 * 256;
  a.target = picture(random, stage, pixelFormat::yuv444p, 50, 40, Contents::output);
  a.target.range = ColorRange::full;
  runKernel(a, {50, 40, 1});
  ConvertArgs back = a;
  back.source = a.target;
  back.target = picture(random, stage, pixelFormat::bgr24, 50, 40, Contents::output);
  runKernel(back, {50, 40, 1});
  double worst = 0;
  for (int y = 0; y < 40; y++)
    for (int x = 0; x < 50; x++)
      for (int c = 0; c < 3; c++)
        worst = std::max(worst, std::fabs(sampleOf(a.source, c, x, y) - sampleOf(back.target, c, x, y)));
  CHECK(worst <= 2);
}

TEST(rotate_turns_clockwise) {
  // 1 2 3      4 1      6 5 4      3 6
  // 4 5 6  ->  5 2  or  3 2 1  or  2 5
  //            6 3                 1 4
  uint8_t from[6] = {1, 2, 3, 4, 5, 6}, to[6];
  const std::vector<std::vector<uint8_t>> expected = {
      {1, 2, 3, 4, 5, 6}, {4, 1, 5, 2, 6, 3}, {6, 5, 4, 3, 2, 1}, {3, 6, 2, 5, 1, 4}};
  for (int turns = 0; turns < 4; turns++) {
    const int width = turns % 2 ? 2 : 3, height = turns % 2 ? 3 : 2;
    RotateArgs a{{from, 3}, {to, width}, 3, 2, 1, turns};
    runKernel(a, {width, height, 1});
    CHECK(std::equal(to, to + 6, expected[turns].begin()));
  }
}

TEST(normalize_and_similarity_give_cosines) {
  Random random(7);
  const int rows = 5, dims = 133;
  std::vector<float> values(rows * dims), unit(rows * dims), cosines(rows * rows);
  for (float& v : values) v = random.real(-2, 2);
  std::fill(values.begin() + dims, values.begin() + 2 * dims, 0.0f);
  runKernel(NormalizeArgs{values.data(), unit.data(), dims}, {rows, 1, 1});
  runKernel(SimilarityArgs{unit.data(), unit.data(), cosines.data(), rows, dims}, {rows, rows, 1});
  for (int a = 0; a < rows; a++)
    for (int b = 0; b < rows; b++) {
      double dot = 0, aa = 0, bb = 0;
      for (int i = 0; i < dims; i++) {
        dot += double(values[a * dims + i]) * values[b * dims + i];
        aa += double(values[a * dims + i]) * values[a * dims + i];
        bb += double(values[b * dims + i]) * values[b * dims + i];
      }
      CHECK_NEAR(cosines[a * rows + b], aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : 0.0, 1e-6);
    }
}

TEST(exp_and_sigmoid_are_as_exact_as_documented) {
  double worstExp = 0, worstSigmoid = 0;
  for (int i = -870'000; i <= 880'000; i += 7) {
    const float x = static_cast<float>(i) * 1e-4f;
    const double exact = std::exp(double(x)), logistic = 1 / (1 + std::exp(-double(x)));
    worstExp = std::max(worstExp, std::fabs(expPoly(x) - exact) / exact);
    if (x <= 87) worstSigmoid = std::max(worstSigmoid, std::fabs(sigmoid(x) - logistic) / logistic);
  }
  std::printf("# exp %.2e, sigmoid %.2e relative\n", worstExp, worstSigmoid);
  CHECK(worstExp < 2e-7);
  CHECK(worstSigmoid < 4e-7);
  CHECK(expPoly(-1e9f) < 2e-38f);
  CHECK(expPoly(1e9f) > 1e38f);
  CHECK(std::isnan(expPoly(NAN)));
  CHECK_EQUAL(sigmoid(0.0f), 0.5f);
}

TEST(half_precision_rounds_to_nearest_even) {
  int wrong = 0;
  for (uint32_t h = 0; h < 0x7c00; h++) {
    const auto half = static_cast<uint16_t>(h);
    const float value = floatFromHalf(half),
                next = h + 1 < 0x7c00 ? floatFromHalf(static_cast<uint16_t>(h + 1)) : 65536.0f;
    const double exact = h < 1024 ? std::ldexp(double(h), -24) : std::ldexp(1024.0 + (h & 1023), int(h >> 10) - 25);
    wrong += value != exact;
    wrong += halfFromFloat(value) != half || halfFromFloat(-value) != (half | 0x8000);
    const float middle = (value + next) / 2;
    wrong += halfFromFloat(middle) != ((h & 1) ? h + 1 : h);
    wrong += halfFromFloat(std::nextafterf(middle, 0.0f)) != half;
    wrong += halfFromFloat(std::nextafterf(middle, 1e30f)) != h + 1;
  }
  CHECK_EQUAL(wrong, 0);
  CHECK_EQUAL(halfFromFloat(1e9f), 0x7c00);
  CHECK(std::isnan(floatFromHalf(halfFromFloat(NAN))));
}

namespace {

Complexity complexityOf(const std::vector<uint8_t>& luma, const std::vector<uint8_t>* previous, int width, int height) {
  const int across = (width + kComplexityBlock - 1) / kComplexityBlock,
            down = (height + kComplexityBlock - 1) / kComplexityBlock;
  std::vector<ComplexityBlock> blocks(static_cast<size_t>(across) * down);
  ComplexityArgs a{};
  a.luma = {const_cast<uint8_t*>(luma.data()), width};
  if (previous) a.previous = {const_cast<uint8_t*>(previous->data()), width};
  a.width = width, a.height = height;
  a.blocks = blocks.data();
  runKernel(a, {across, down, 1});
  return summarize(blocks);
}

}  // namespace

TEST(complexity_separates_flat_from_busy_and_still_from_moving) {
  const int w = 70, h = 50;
  Random random(9);
  std::vector<uint8_t> flat(w * h, 90), noise(w * h), ramp(w * h);
  for (uint8_t& v : noise) v = random.byte();
  for (int i = 0; i < w * h; i++) ramp[i] = static_cast<uint8_t>(3 * (i % w));
  const Complexity none = complexityOf(flat, &flat, w, h);
  CHECK_EQUAL(none.edge, 0);
  CHECK_EQUAL(none.texture, 0);
  CHECK_EQUAL(none.entropy, 0);
  CHECK_EQUAL(none.temporal, 0);
  const Complexity busy = complexityOf(noise, &flat, w, h);
  CHECK_NEAR(busy.texture, 74.0 / 127.5, 0.03);  // standard deviation of uniform bytes
  CHECK(busy.entropy > 0.98);
  CHECK(busy.edge > 0.1);
  double change = 0;
  for (const uint8_t v : noise) change += std::abs(v - 90);
  CHECK_NEAR(busy.temporal, change / (w * h) / 255, 1e-9);
  // Inside a ramp of 3 a pixel the Sobel response is 8 * 3; half of it in the first and last column.
  CHECK_NEAR(complexityOf(ramp, nullptr, w, h).edge, 24.0 * (w - 1) / w / 2040, 1e-9);
}

TEST_MAIN()
