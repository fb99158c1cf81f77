// Canvases of 10 bits, PQ and HLG: pictures stay what they are, what is drawn is no brighter than reference white, what
// is hidden is hidden.
#include <set>

#include "check.h"
#include "composing.h"
#include "core/error.h"
#include "kernels/transfer.h"

using namespace composing;

namespace {

constexpr PixelFormat kDeep[] = {pixelFormat::yuv420p10, pixelFormat::p010};

uint16_t& sampleAt(const ImageView& view, int plane, int x, int y) {
  const Plane& p = view.planes[plane];
  return reinterpret_cast<uint16_t*>(p.data + static_cast<ptrdiff_t>(y) * p.pitchBytes)[x];
}

// Y, U, V at a pixel of a picture of 10 bits.
CanvasColor valueAt(const FrameRef& frame, int x, int y) {
  const ImageView& v = readable(frame);
  const int shift = v.format.msbAligned ? 6 : 0;
  const bool pairs = v.format.layout == PixelLayout::semiPlanarYuv;
  const auto value = [&](int plane, int at) {
    return static_cast<uint16_t>(sampleAt(v, plane, at, plane ? y / 2 : y) >> shift);
  };
  if (pairs) return {value(0, x), value(1, x / 2 * 2), value(1, x / 2 * 2 + 1)};
  return {value(0, x), value(1, x / 2), value(2, x / 2)};
}

template <typename Paint>
FrameRef deepPicture(int32_t width, int32_t height, PixelFormat format, ColorTransfer transfer, const Paint& paint) {
  Image image = test::blank(*device(), format, width, height);
  const int shift = format.msbAligned ? 6 : 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      const CanvasColor c = paint(x, y);
      sampleAt(image.view, 0, x, y) = static_cast<uint16_t>(c[0] << shift);
      if (x % 2 || y % 2) continue;
      for (int i = 1; i < 3; i++) {
        const bool pairs = format.layout == PixelLayout::semiPlanarYuv;
        sampleAt(image.view, pairs ? 1 : i, pairs ? x + i - 1 : x / 2, y / 2) = static_cast<uint16_t>(c[i] << shift);
      }
    }
  image = test::onDevice(*device(), image);
  image.view.matrix = ColorMatrix::bt2020;
  image.view.primaries = ColorPrimaries::bt2020;
  image.view.transfer = transfer;
  return std::make_shared<Frame>(image.view, width, height, image.memory);
}

CanvasColor ramp(int x, int y) {
  return {static_cast<uint16_t>(64 + x % 877), static_cast<uint16_t>(400 + x % 200),
          static_cast<uint16_t>(600 - y % 50)};
}

// The brightest luma of a canvas.
int brightest(const FrameRef& canvas) {
  int most = 0;
  for (int y = 0; y < canvas->height; y++)
    for (int x = 0; x < canvas->width; x++) most = std::max<int>(most, valueAt(canvas, x, y)[0]);
  return most;
}

int referenceWhite(ColorTransfer transfer) {
  const double signal = transfer == ColorTransfer::pq ? transfer::pqOfNits(203) : 0.75;
  return static_cast<int>(std::lround(64 + 876 * signal));
}

}  // namespace

TEST(a_picture_stays_what_it_is_bit_for_bit) {
  for (const PixelFormat from : kDeep)
    for (const PixelFormat to : kDeep) {
      auto composer = makeComposer(spec(LayoutKind::grid, 1, 960, 64), device(), {to, ColorTransfer::pq}, 1);
      const FrameRef source = deepPicture(960, 64, from, ColorTransfer::pq, ramp);
      const FrameRef canvas = composer->compose(0, 0, std::vector<TileInput>{live(source)});
      CHECK(canvas->view.transfer == ColorTransfer::pq && canvas->view.matrix == ColorMatrix::bt2020);
      int wrong = 0;
      for (int y = 0; y < 64; y++)
        for (int x = 0; x < 960; x++) wrong += valueAt(canvas, x, y) != valueAt(source, x, y);
      CHECK_EQUAL(wrong, 0);
    }
}

TEST(samples_of_full_range_have_the_levels_of_limited_range) {
  const auto fill = [](const Image& image, std::array<uint16_t, 3> value) {
    const ImageView& v = image.view;
    const bool rgb = v.format.layout == PixelLayout::rgb;
    for (int p = 0; p < planeCount(v.format); p++)
      for (int y = 0; y < planeHeight(v, p); y++)
        for (int x = 0; x < planeWidth(v, p) * (rgb ? 3 : 1); x++) sampleAt(v, p, x, y) = value[rgb ? x % 3 : p];
  };
  const PixelFormat yuv444p10{PixelLayout::planarYuv, 0, 0, 10}, rgb10{PixelLayout::rgb, 0, 0, 10};
  const PixelFormat gray12{PixelLayout::gray, 0, 0, 12, 1}, rgb48{PixelLayout::rgb, 0, 0, 16};
  struct Case {
    PixelFormat format;
    std::array<uint16_t, 3> value;
    CanvasColor expected;
  };
  const Case cases[] = {
      {rgb48, {65535, 65535, 65535}, {940, 512, 512}},
      {rgb48, {0, 0, 0}, {64, 512, 512}},
      {rgb10, {594, 594, 594}, {573, 512, 512}},  // reference white of PQ
      {rgb10, {0, 0, 1023}, {116, 960, 476}},
      {gray12, {4095, 0, 0}, {940, 512, 512}},
      {pixelFormat::yuv420p10, {1023, 512, 512}, {940, 512, 512}},
      {pixelFormat::yuv420p10, {0, 512, 512}, {64, 512, 512}},
      {yuv444p10, {512, 1023, 1}, {502, 960, 64}},
  };
  for (const PixelFormat format : kDeep)
    for (const Case& one : cases) {
      auto composer = makeComposer(spec(LayoutKind::grid, 1, 64, 64), device(), {format, ColorTransfer::pq}, 1);
      Image image = test::blank(*device(), one.format, 64, 64);
      fill(image, one.value);
      image = test::onDevice(*device(), image);
      image.view.matrix = ColorMatrix::bt2020;
      image.view.range = ColorRange::full;
      image.view.primaries = ColorPrimaries::bt2020;
      image.view.transfer = ColorTransfer::pq;
      const auto source = std::make_shared<Frame>(image.view, 64, 64, image.memory);
      const FrameRef canvas = composer->compose(0, 0, std::vector<TileInput>{live(source)});
      for (size_t i = 0; i < 3; i++) CHECK_NEAR(valueAt(canvas, 30, 30)[i], one.expected[i], 0);
    }
}

TEST(a_scaled_ramp_has_the_steps_of_ten_bits) {
  for (const PixelFormat format : kDeep)
    for (const int width : {480, 1400}) {
      auto composer = makeComposer(spec(LayoutKind::grid, 1, width, 64), device(), {format, ColorTransfer::hlg}, 1);
      LayoutSpec s = spec(LayoutKind::grid, 1, width, 64);
      s.tiles[0].fit = Fit::stretch;
      composer->setLayout(s, std::vector<int32_t>{0}, nullptr, 0);
      const FrameRef source = deepPicture(876, 64, format, ColorTransfer::hlg, [](int x, int) {
        return CanvasColor{static_cast<uint16_t>(64 + x), 512, 512};
      });
      const FrameRef canvas = composer->compose(0, 0, std::vector<TileInput>{live(source)});
      std::set<int> levels;
      for (int x = 0; x < width; x++) {
        levels.insert(valueAt(canvas, x, 30)[0]);
        CHECK_NEAR(valueAt(canvas, x, 30)[0], 64 + (x + 0.5) * 876 / width - 0.5, 1.5);
      }
      CHECK(levels.size() > 400);
    }
}

TEST(what_is_drawn_is_no_brighter_than_reference_white) {
  for (const ColorTransfer transfer : {ColorTransfer::pq, ColorTransfer::hlg})
    for (const PixelFormat format : kDeep) {
      LayoutSpec s = spec(LayoutKind::split, 2, 640, 360);
      s.draw.boxes = "faces";
      s.draw.time = true;
      s.whenEnded = WhenEnded::black;
      auto composer = makeComposer(s, device(), {format, transfer}, 2);
      const FrameRef black = deepPicture(320, 360, format, transfer, [](int, int) {
        return CanvasColor{64, 512, 512};
      });
      TileInput found = live(black);
      found.observations = {{"faces", {{40, 60, 200, 260}, {20, 200, 90, 330}}, {3, 4}, {0, 5}, {0.9f, 0.8f}}};
      TileInput card = without(TileState::stale);
      card.status = "no signal";
      const FrameRef canvas = composer->compose(0, 5'000'000, std::vector<TileInput>{found, card});
      const int most = brightest(canvas), white = referenceWhite(transfer);
      CHECK(most <= white + 1);
      CHECK(most >= white - 30);  // the clock's digits
      CHECK(valueAt(canvas, 41, 61)[0] > 250);
      CHECK((valueAt(canvas, 300, 20) == CanvasColor{64, 512, 512}));
    }
}

TEST(reference_white_is_that_of_the_recommendation) {
  CHECK_NEAR(transfer::pqOfNits(203), 0.5807, 0.0001);
  ImageView canvas;
  canvas.format = pixelFormat::p010;
  canvas.matrix = ColorMatrix::bt2020;
  for (const ColorTransfer transfer : {ColorTransfer::pq, ColorTransfer::hlg}) {
    canvas.transfer = transfer;
    const CanvasColor white = onCanvas({235, 128, 128}, canvas), black = onCanvas({16, 128, 128}, canvas);
    CHECK_NEAR(white[0], referenceWhite(transfer), 1);
    CHECK_NEAR(white[1], 512, 1);
    CHECK_NEAR(white[2], 512, 1);
    CHECK((black == CanvasColor{64, 512, 512}));
  }
  canvas.transfer = ColorTransfer::sdr;
  CHECK((onCanvas({81, 90, 240}, canvas) == CanvasColor{81, 90, 240}));
}

TEST(redaction_hides_in_ten_bits_too) {
  for (const auto kind : {RedactKind::pixelate, RedactKind::blur})
    for (const PixelFormat format : kDeep) {
      LayoutSpec s = spec(LayoutKind::grid, 1, 640, 360);
      s.redact.module = "faces";
      s.redact.kind = kind;
      auto composer = makeComposer(s, device(), {format, ColorTransfer::pq}, 2);
      const FrameRef noise = deepPicture(640, 360, format, ColorTransfer::pq, [](int x, int y) {
        return CanvasColor{static_cast<uint16_t>(64 + (x * 7919 + y * 104729) % 870), 512, 512};
      });
      TileInput input = live(noise);
      input.observations = {{"faces", {{200, 100, 440, 260}}, {0}, {0}, {0.9f}}};
      const FrameRef canvas = composer->compose(0, 0, std::vector<TileInput>{input});
      const auto deviation = [&](int x1, int y1, int x2, int y2) {
        double sum = 0, squares = 0, n = 0;
        for (int y = y1; y < y2; y++)
          for (int x = x1; x < x2; x++) {
            const double v = valueAt(canvas, x, y)[0];
            sum += v, squares += v * v, n++;
          }
        return std::sqrt(squares / n - sum / n * (sum / n));
      };
      CHECK(deviation(0, 0, 100, 60) > 200);
      CHECK(deviation(210, 110, 430, 250) < 40);
      CHECK((valueAt(canvas, 4, 4) == valueAt(noise, 4, 4)));
    }
}

TEST(tiles_are_blended_and_faded_in_ten_bits) {
  for (const PixelFormat format : kDeep) {
    LayoutSpec s = spec(LayoutKind::grid, 1, 320, 180);
    s.tiles[0].alpha = 0.5f;
    auto composer = makeComposer(s, device(), {format, ColorTransfer::pq}, 4);
    const auto plain = [&](uint16_t luma) {
      return deepPicture(320, 180, format, ColorTransfer::pq, [=](int, int) { return CanvasColor{luma, 512, 512}; });
    };
    const FrameRef half = composer->compose(0, 0, std::vector<TileInput>{live(plain(865))});
    CHECK_NEAR(valueAt(half, 100, 100)[0], (64 + 865) / 2.0, 1);
    LayoutSpec next = spec(LayoutKind::grid, 1, 320, 180);
    composer->setLayout(next, std::vector<int32_t>{0}, half, 1'000'000);
    composer->compose(1, 1'000'000, std::vector<TileInput>{live(plain(865))});
    const FrameRef canvas = composer->compose(2, 1'500'000, std::vector<TileInput>{live(plain(865))});
    CHECK_NEAR(valueAt(canvas, 100, 100)[0], (464.5 + 865) / 2, 2);
  }
}

TEST(canvases_and_their_transfer_belong_together) {
  const LayoutSpec s = spec(LayoutKind::grid, 1);
  CHECK_ERROR(makeComposer(s, device(), {pixelFormat::yuv420p, ColorTransfer::pq}, 1), INVALID_ARGUMENT);
  CHECK_ERROR(makeComposer(s, device(), {pixelFormat::p010, ColorTransfer::sdr}, 1), INVALID_ARGUMENT);
}

TEST_MAIN()
