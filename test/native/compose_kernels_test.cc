// The kernels under compose/: every instruction set against the scalar bodies, and those against plain double maths.
#include <algorithm>
#include <chrono>
#include <random>

#include "check.h"
#include "compose/color.h"
#include "device/image.h"
#include "kernels/host.h"

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

std::vector<uint8_t> bytesOf(const ImageView& v) {
  std::vector<uint8_t> out;
  for (int p = 0; p < planeCount(v.format); p++)
    for (int y = 0; y < planeHeight(v, p); y++)
      out.insert(out.end(), v.planes[p].data + y * v.planes[p].pitchBytes,
                 v.planes[p].data + y * v.planes[p].pitchBytes + planeWidth(v, p) * sampleBytes(v, p));
  return out;
}

const PixelFormat kFormats[] = {
    pixelFormat::yuv420p,
    pixelFormat::yuv422p,
    pixelFormat::yuv444p,
    pixelFormat::nv12,
    pixelFormat::p010,
    pixelFormat::rgb24,
    pixelFormat::bgr24,
    pixelFormat::rgba,
    pixelFormat::gray8,
    {PixelLayout::planarYuv, 1, 1, 10, 3, false, false},
    {PixelLayout::planarYuv, 1, 0, 12, 3, false, false},
    {PixelLayout::planarYuv, 2, 2, 8, 3, false, false},
    {PixelLayout::gray, 0, 0, 16, 1, false, false},
    {PixelLayout::rgb, 0, 0, 16, 3, false, false},
};

int pick(std::mt19937& random, int from, int to) {
  return from + static_cast<int>(random() % (to - from + 1));
}

ComposeTile randomTile(std::mt19937& random, const ImageView& source, const ImageView& canvas) {
  const int32_t w = pick(random, 1, canvas.width / 2) * 2, h = pick(random, 1, canvas.height / 2) * 2;
  const int32_t x = pick(random, 0, (canvas.width - w) / 2) * 2, y = pick(random, 0, (canvas.height - h) / 2) * 2;
  int32_t sw = pick(random, 1, source.width * 256), sh = pick(random, 1, source.height * 256);
  int32_t sx = pick(random, 0, source.width * 256 - sw), sy = pick(random, 0, source.height * 256 - sh);
  if (random() % 4 == 0 && w <= source.width) sw = w * 256, sx = pick(random, 0, source.width - w) * 256;
  if (random() % 4 == 0 && w * 2 <= source.width) sw = w * 512, sx = pick(random, 0, source.width - w * 2) * 256;
  if (random() % 4 == 0 && h <= source.height) sh = h * 256, sy = pick(random, 0, source.height - h) * 256;
  ComposeTile tile{};
  placeComposeTile(tile, source, sx, sy, sw, sh, x, y, w, h);
  tile.alpha = random() % 2 ? 256 : pick(random, 0, 256);
  compose::setTileColor(tile, ColorMatrix::bt709, ColorRange::limited);
  return tile;
}

}  // namespace

TEST(every_instruction_set_composes_the_scalar_bits) {
  std::mt19937 random(11);
  for (int round = 0; round < 400; round++) {
    const PixelFormat canvasFormat = random() % 2 ? pixelFormat::yuv420p : pixelFormat::nv12;
    Tight canvas = tight(canvasFormat, pick(random, 1, 60) * 2, pick(random, 1, 30) * 2, random, pick(random, 0, 3));
    std::vector<Tight> sources;
    ComposeArgs args{};
    args.canvas = canvas.view;
    args.clear = random() % 2;
    args.background[0] = 40, args.background[1] = 90, args.background[2] = 200;
    args.count = pick(random, 0, 4);
    for (int n = 0; n < args.count; n++) {
      const int32_t big = round % 10 == 0 ? 700 : 90;
      sources.push_back(tight(kFormats[random() % std::size(kFormats)], pick(random, 1, big), pick(random, 1, 60),
                              random, pick(random, 0, 5)));
      sources.back().view.matrix = static_cast<ColorMatrix>(random() % 3);
      sources.back().view.range = static_cast<ColorRange>(random() % 2);
      if (random() % 2)
        sources.back().view.matrix = ColorMatrix::bt709, sources.back().view.range = ColorRange::limited;
      args.tiles[n] = randomTile(random, sources.back().view, canvas.view);
    }
    const std::vector<uint8_t> before = bytesOf(canvas.view);
    Tight wanted = tight(canvasFormat, canvas.view.width, canvas.view.height, random);
    auto restore = [&](const ImageView& v) {
      size_t at = 0;
      for (int p = 0; p < planeCount(v.format); p++)
        for (int y = 0; y < planeHeight(v, p); y++) {
          const size_t row = static_cast<size_t>(planeWidth(v, p)) * sampleBytes(v, p);
          std::copy_n(before.begin() + at, row, v.planes[p].data + y * v.planes[p].pitchBytes);
          at += row;
        }
    };
    restore(wanted.view);
    args.canvas = wanted.view;
    for (int y = 0; y < canvas.view.height / 2; y++)
      for (int x = 0; x < canvas.view.width / 2; x++) composeTiles(args, x, y, 0);
    const std::vector<uint8_t> scalar = bytesOf(wanted.view);
    args.canvas = canvas.view;
    for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
      if (!isaSupported(isa)) continue;
      restore(canvas.view);
      hostKernels(isa)[static_cast<int>(KernelId::composeTiles)](
          &args, Grid{canvas.view.width / 2, canvas.view.height / 2, 1});
      if (bytesOf(canvas.view) != scalar) {
        check::fail(__FILE__, __LINE__, std::string(isaName(isa)) + " differs in round " + std::to_string(round));
        return;
      }
    }
  }
}

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

TEST(drawing_is_the_same_on_every_instruction_set) {
  std::mt19937 random(9);
  for (int round = 0; round < 100; round++) {
    Tight a = tight(round % 2 ? pixelFormat::yuv420p : pixelFormat::nv12, 90, 60, random);
    const std::vector<uint8_t> before = bytesOf(a.view);
    DrawArgs args{};
    args.canvas = a.view;
    args.count = 6;
    for (int i = 0; i < 40; i++) args.characters[i] = random();
    for (int i = 0; i < args.count; i++)
      args.items[i] = {static_cast<int16_t>(pick(random, -20, 40)), static_cast<int16_t>(pick(random, -20, 28)),
                       static_cast<int16_t>(pick(random, 0, 60)),   static_cast<int16_t>(pick(random, 0, 40)),
                       static_cast<DrawKind>(random() % 3),         static_cast<uint8_t>(pick(random, 1, 3)),
                       static_cast<uint8_t>(pick(random, 0, 128)),  {static_cast<uint8_t>(random()), 9, 200},
                       static_cast<int16_t>(pick(random, 0, 20)),   static_cast<int16_t>(pick(random, 0, 20))};
    for (int y = 0; y < 30; y++)
      for (int x = 0; x < 45; x++) draw(args, x, y, 0);
    const std::vector<uint8_t> scalar = bytesOf(a.view);
    CHECK(scalar != before || round < 100);
    for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
      if (!isaSupported(isa)) continue;
      size_t at = 0;
      for (int p = 0; p < planeCount(a.view.format); p++)
        for (int y = 0; y < planeHeight(a.view, p); y++) {
          const size_t row = static_cast<size_t>(planeWidth(a.view, p)) * sampleBytes(a.view, p);
          std::copy_n(before.begin() + at, row, a.view.planes[p].data + y * a.view.planes[p].pitchBytes);
          at += row;
        }
      hostKernels(isa)[static_cast<int>(KernelId::draw)](&args, Grid{45, 30, 1});
      CHECK(bytesOf(a.view) == scalar);
    }
  }
}

// --perf: milliseconds of a 1920x1080 canvas from two 1080p sources, beside a copy of the canvas.
static void perf() {
  std::mt19937 random(1);
  Image canvas = allocateImage(*device(), pixelFormat::yuv420p, 1920, 1080),
        other = allocateImage(*device(), pixelFormat::yuv420p, 1920, 1080);
  auto queue = device()->openQueue();
  auto best = [](auto&& body) {
    double ms = 1e9;
    for (int i = 0; i < 40; i++) {
      const auto start = std::chrono::steady_clock::now();
      body();
      ms = std::min(ms, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    return ms;
  };
  std::memset(canvas.memory->data, 1, canvas.memory->bytes);
  std::memset(other.memory->data, 2, other.memory->bytes);
  std::printf("copy of the canvas         %.3f ms\n",
              best([&] { std::memcpy(other.memory->data, canvas.memory->data, 1920 * 1080 * 3 / 2); }));
  struct Case {
    const char* name;
    PixelFormat format;
    ColorMatrix matrix;
    double x, y, w, h;
    int toHeight;
  };
  PixelFormat ten = pixelFormat::yuv420p;
  ten.depth = 10;
  for (const Case& c :
       {Case{"cover (1:1)", pixelFormat::yuv420p, ColorMatrix::bt709, 480, 0, 960, 1080, 1080},
        Case{"contain (2:1)", pixelFormat::yuv420p, ColorMatrix::bt709, 0, 0, 1920, 1080, 540},
        Case{"stretch (2:1, 1:1)", pixelFormat::yuv420p, ColorMatrix::bt709, 0, 0, 1920, 1080, 1080},
        Case{"follow, enlarging", pixelFormat::yuv420p, ColorMatrix::bt709, 333.3, 111.7, 640, 720, 1080},
        Case{"follow, reducing", pixelFormat::yuv420p, ColorMatrix::bt709, 13.3, 1.7, 1800, 1050, 540},
        Case{"follow, NV12", pixelFormat::nv12, ColorMatrix::bt709, 333.3, 111.7, 640, 720, 1080},
        Case{"follow, BT.601", pixelFormat::yuv420p, ColorMatrix::bt601, 333.3, 111.7, 640, 720, 1080},
        Case{"follow, 10 bit", ten, ColorMatrix::bt709, 333.3, 111.7, 640, 720, 1080},
        Case{"follow, RGB", pixelFormat::rgb24, ColorMatrix::bt709, 333.3, 111.7, 640, 720, 1080}}) {
    Tight source = tight(c.format, 1920, 1080, random, 64);
    source.view.matrix = c.matrix;
    ComposeArgs args{};
    args.canvas = canvas.view;
    args.clear = true;
    args.count = 2;
    for (int i = 0; i < 2; i++) {
      placeComposeTile(args.tiles[i], source.view, std::lround(c.x * 256), std::lround(c.y * 256),
                       std::lround(c.w * 256), std::lround(c.h * 256), i * 960, 0, 960, c.toHeight);
      args.tiles[i].alpha = 256;
      compose::setTileColor(args.tiles[i], ColorMatrix::bt709, ColorRange::limited);
    }
    std::printf("%-24s", c.name);
    for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
      if (isaSupported(isa))
        std::printf("  %s %.3f", isaName(isa), best([&] {
                      hostKernels(isa)[static_cast<int>(KernelId::composeTiles)](&args, Grid{960, 540, 1});
                    }));
    std::printf(" ms\n");
  }
}

int main(int argc, char** argv) {
  if (argc > 1 && !std::strcmp(argv[1], "--perf")) {
    perf();
    return 0;
  }
  return check::main(argc, argv);
}
