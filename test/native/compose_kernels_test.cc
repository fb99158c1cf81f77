// What the compose kernel computes, against plain double maths. (Equal bits on every target: conformance_test.cc.)
#include <algorithm>
#include <random>

#include "check.h"
#include "compose/color.h"
#include "device/image.h"

using namespace framepath;

namespace {

std::shared_ptr<Device> device() {
  static std::shared_ptr<Device> cpu = openDevice("cpu");
  return cpu;
}

// Exactly as many bytes as the picture has: a read past its end is seen by ASan.
struct Tight {
  ImageView view;
  std::vector<std::unique_ptr<uint8_t[]>> planes;
};
Tight tight(PixelFormat format, int32_t width, int32_t height, std::mt19937& random, int32_t extraPitch = 0) {
  Tight t;
  t.view.width = width;
  t.view.height = height;
  t.view.format = format;
  for (int p = 0; p < planeCount(format); p++) {
    const int32_t row = planeWidth(t.view, p) * sampleBytes(t.view, p), rows = planeHeight(t.view, p);
    const int32_t pitch = row + extraPitch * sampleBytes(t.view, p);
    const size_t bytes = static_cast<size_t>(pitch) * (rows - 1) + row;
    t.planes.push_back(std::make_unique<uint8_t[]>(bytes));
    t.view.planes[p] = {t.planes.back().get(), pitch};
    const uint32_t mask = ((1u << format.depth) - 1) << (format.msbAligned ? 16 - format.depth : 0);
    if (format.depth == 8)
      for (size_t i = 0; i < bytes; i++) t.planes.back()[i] = random() % 8 ? random() : random() % 2 * 255;
    else
      for (size_t i = 0; i + 1 < bytes; i += 2) {
        const uint32_t v = random() % 8 ? random() & mask : random() % 2 * mask;
        t.planes.back()[i] = v & 255;
        t.planes.back()[i + 1] = v >> 8;
      }
  }
  return t;
}

}  // namespace

TEST(whole_pixels_at_one_to_one_are_copied_unchanged) {
  std::mt19937 random(3);
  Tight source = tight(pixelFormat::yuv420p, 64, 48, random), canvas = tight(pixelFormat::yuv420p, 32, 24, random);
  ComposeArgs args{};
  args.canvas = canvas.view;
  args.count = 1;
  placeComposeTile(args.tiles[0], source.view, 10 * 256, 6 * 256, 32 * 256, 24 * 256, 0, 0, 32, 24);
  args.tiles[0].alpha = 256;
  launch(*device(), *device()->openQueue(), args, Grid{16, 12, 1});
  int wrong = 0;
  for (int p = 0; p < 3; p++)
    for (int y = 0; y < planeHeight(canvas.view, p); y++)
      for (int x = 0; x < planeWidth(canvas.view, p); x++) {
        const int half = p ? 2 : 1;
        wrong += canvas.view.planes[p].data[y * canvas.view.planes[p].pitchBytes + x] !=
                 source.view.planes[p].data[(y + 6 / half) * source.view.planes[p].pitchBytes + x + 10 / half];
      }
  CHECK_EQUAL(wrong, 0);
}

// A plane that rises linearly must rise linearly after any scaling, at the place where its samples stand: luma at
// pixel centres, chroma on the left luma sample of its pair and between two rows.
TEST(ramps_keep_their_place_when_scaled) {
  std::mt19937 random(5);
  struct Case {
    PixelFormat format;
    double x, y, width, height;
    int toWidth, toHeight;
  };
  const Case cases[] = {
      {pixelFormat::yuv420p, 0, 0, 200, 100, 100, 50}, {pixelFormat::yuv420p, 20.5, 10.25, 90, 50, 180, 100},
      {pixelFormat::yuv420p, 3, 7, 151, 81, 64, 38},   {pixelFormat::yuv444p, 8, 8, 96, 48, 96, 48},
      {pixelFormat::yuv444p, 8, 8, 96, 48, 40, 20},    {pixelFormat::yuv422p, 30, 9, 70.5, 44.5, 128, 64},
      {pixelFormat::nv12, 1.5, 1.5, 180, 90, 60, 30},  {pixelFormat::p010, 20, 10, 90, 50, 180, 100}};
  for (const Case& c : cases) {
    Tight source = tight(c.format, 200, 100, random),
          canvas = tight(pixelFormat::yuv420p, c.toWidth, c.toHeight, random);
    auto ramp = [](double x, double y) {
      return 20 + x * 0.7 + y * 0.5;
    };  // luma coordinates, pixel k centred at k + 0.5
    const bool deep = c.format.depth > 8;
    for (int p = 0; p < 3; p++) {
      const ComposeComponent part = composeComponent(source.view, p);
      const int sx = p ? 1 << c.format.chromaShiftX : 1, sy = p ? 1 << c.format.chromaShiftY : 1;
      for (int y = 0; y < part.height; y++)
        for (int x = 0; x < part.width; x++) {
          const double v = ramp(x * sx + 0.5, (y + 0.5) * sy);
          uint8_t* row = const_cast<uint8_t*>(part.data) + static_cast<size_t>(y) * part.pitchBytes;
          if (deep)
            reinterpret_cast<uint16_t*>(row)[x * part.step + part.offset] =
                static_cast<uint16_t>(std::lround(v * 4) << 6);
          else
            row[x * part.step + part.offset] = static_cast<uint8_t>(std::lround(v));
        }
    }
    ComposeArgs args{};
    args.canvas = canvas.view;
    args.count = 1;
    placeComposeTile(args.tiles[0], source.view, std::lround(c.x * 256), std::lround(c.y * 256),
                     std::lround(c.width * 256), std::lround(c.height * 256), 0, 0, c.toWidth, c.toHeight);
    args.tiles[0].alpha = 256;
    launch(*device(), *device()->openQueue(), args, Grid{c.toWidth / 2, c.toHeight / 2, 1});
    for (int p = 0; p < 3; p++) {
      const int half = p ? 2 : 1;
      double worst = 0, sum = 0;
      int n = 0;
      for (int y = 4 / half; y < (c.toHeight - 4) / half; y++)
        for (int x = 4 / half; x < (c.toWidth - 4) / half; x++) {
          const double wanted =
              ramp(c.x + (x * half + 0.5) * c.width / c.toWidth, c.y + (y + 0.5) * half * c.height / c.toHeight);
          const double error = canvas.view.planes[p].data[y * canvas.view.planes[p].pitchBytes + x] - wanted;
          worst = std::max(worst, std::fabs(error));
          sum += error;
          n++;
        }
      CHECK(worst < 1.3);
      CHECK_NEAR(sum / n, 0, 0.25);  // rounding; half a pixel off would be 0.35
    }
  }
}

TEST(matrices_and_ranges_meet_on_the_canvas) {
  std::mt19937 random(7);
  // The same colour in four descriptions must give the same canvas.
  const double r = 0.8, g = 0.35, b = 0.2;
  const compose::Yuv wanted = compose::toYuv(r, g, b, ColorMatrix::bt709, ColorRange::limited);
  struct Case {
    PixelFormat format;
    ColorMatrix matrix;
    ColorRange range;
  };
  for (const Case& c : {Case{pixelFormat::yuv420p, ColorMatrix::bt601, ColorRange::limited},
                        Case{pixelFormat::nv12, ColorMatrix::bt2020, ColorRange::full},
                        Case{pixelFormat::yuv444p, ColorMatrix::bt709, ColorRange::full},
                        Case{pixelFormat::rgb24, ColorMatrix::bt709, ColorRange::full},
                        Case{pixelFormat::bgr24, ColorMatrix::bt709, ColorRange::full}}) {
    Tight source = tight(c.format, 33, 17, random), canvas = tight(pixelFormat::nv12, 20, 20, random);
    source.view.matrix = c.matrix;
    source.view.range = c.range;
    const compose::Yuv yuv = compose::toYuv(r, g, b, c.matrix, c.range);
    const uint8_t asYuv[3] = {yuv.y, yuv.u, yuv.v}, asRgb[3] = {204, 89, 51};
    for (int k = 0; k < 3; k++) {
      const ComposeComponent part = composeComponent(source.view, k);
      for (int y = 0; y < part.height; y++)
        for (int x = 0; x < part.width; x++)
          const_cast<uint8_t*>(part.data)[y * part.pitchBytes + x * part.step + part.offset] =
              (c.format.layout == PixelLayout::rgb ? asRgb : asYuv)[k];
    }
    ComposeArgs args{};
    args.canvas = canvas.view;
    args.count = 1;
    placeComposeTile(args.tiles[0], source.view, 0, 0, 33 * 256, 17 * 256, 0, 0, 20, 20);
    args.tiles[0].alpha = 256;
    compose::setTileColor(args.tiles[0], ColorMatrix::bt709, ColorRange::limited);
    launch(*device(), *device()->openQueue(), args, Grid{10, 10, 1});
    CHECK_NEAR(canvas.view.planes[0].data[3 * 20 + 5], wanted.y, 1);
    CHECK_NEAR(canvas.view.planes[1].data[3 * 20 + 4], wanted.u, 1);
    CHECK_NEAR(canvas.view.planes[1].data[3 * 20 + 5], wanted.v, 1);
  }
}

TEST_MAIN()
