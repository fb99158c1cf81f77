// Layouts and whole canvases. With FRAMEPATH_TEST_OUT=FOLDER the showcase canvas is written there as a PPM.
#include "check.h"
#include "composing.h"
#include "core/error.h"

using namespace composing;

TEST(rectangles_of_every_layout_are_even_inside_and_apart) {
  for (LayoutKind kind : {LayoutKind::split, LayoutKind::grid, LayoutKind::focus})
    for (int n = 1; n <= 16; n++)
      for (int gap : {0, 5})
        for (auto [w, h] : {std::pair{1920, 1080}, {1080, 1920}, {642, 362}}) {
          LayoutSpec s = spec(kind, n, w, h);
          s.gap = gap;
          const std::vector<Box> rects = layoutRects(s, std::vector<bool>(n, true));
          for (int i = 0; i < n; i++) {
            const Box& r = rects[i];
            for (float v : {r.x1, r.y1, r.x2, r.y2}) CHECK(static_cast<int>(v) % 2 == 0 && v == std::floor(v));
            CHECK(r.x1 >= 0 && r.y1 >= 0 && r.x2 <= w && r.y2 <= h && r.width() >= 2 && r.height() >= 2);
            for (int j = 0; j < i; j++) CHECK(intersectionOverUnion(r, rects[j]) == 0);
          }
          if (kind == LayoutKind::split) CHECK(rects.back().x2 == w && rects[0].x1 == 0 && rects[0].height() == h);
        }
}

TEST(split_in_two_halves_the_canvas_and_a_grid_of_five_centres_its_last_row) {
  const std::vector<Box> halves = layoutRects(spec(LayoutKind::split, 2, 1920, 1080), {true, true});
  CHECK(halves[0].x2 == 960 && halves[1].x1 == 960 && halves[1].x2 == 1920);
  const std::vector<Box> grid = layoutRects(spec(LayoutKind::grid, 5, 1920, 1080), std::vector<bool>(5, true));
  CHECK(grid[0].width() == 640 && grid[3].x1 == 320 && grid[4].x2 == 1600 && grid[4].y1 == 540);
}

TEST(a_tile_that_leaves_gives_its_place_to_the_others) {
  const std::vector<Box> rects = layoutRects(spec(LayoutKind::grid, 5, 1920, 1080), {true, false, true, true, true});
  CHECK_EQUAL(rects[1].area(), 0);
  CHECK(rects[0].width() == 960 && rects[4].x1 == 960 && rects[4].y1 == 540);
}

TEST(layouts_that_make_no_sense_are_refused) {
  CHECK_ERROR(layoutRects(spec(LayoutKind::grid, 17), std::vector<bool>(17, true)), INVALID_ARGUMENT);
  CHECK_ERROR(layoutRects(spec(LayoutKind::split, 0), {}), INVALID_ARGUMENT);
  CHECK_ERROR(layoutRects(spec(LayoutKind::split, 1, 321, 180), {true}), INVALID_ARGUMENT);
  LayoutSpec outside = spec(LayoutKind::custom, 1);
  outside.tiles[0].rect = {10, 10, 400, 100};
  CHECK_ERROR(makeComposer(outside, device(), pixelFormat::yuv420p, 1), INVALID_ARGUMENT);
  CHECK_ERROR(makeComposer(spec(LayoutKind::split, 1), device(), pixelFormat::p010, 1), INVALID_ARGUMENT);
}

TEST(fits_keep_or_change_the_shape) {
  const Box tile{100, 50, 200, 150};
  const Placement contain = placeFit(tile, Fit::contain, 1600, 800);
  CHECK(contain.x == 100 && contain.width == 100 && contain.y == 76 && contain.height == 50);
  CHECK(contain.source.width() == 1600);
  const Placement cover = placeFit(tile, Fit::cover, 1600, 800);
  CHECK(cover.width == 100 && cover.height == 100 && cover.source.x1 == 400 && cover.source.x2 == 1200);
  const Placement stretch = placeFit(tile, Fit::stretch, 1600, 800);
  CHECK(stretch.height == 100 && stretch.source.width() == 1600);
  const Placement crop = placeFit(tile, Fit::centerCrop, 1600, 800);
  CHECK(crop.source.width() == 100 && crop.source.x1 == 750 && crop.source.y1 == 350 && crop.width == 100);
  const Placement small = placeFit(tile, Fit::centerCrop, 41, 31);
  CHECK(small.width == 40 && small.source.width() == 40 && small.height == 30 && small.x == 130);
  for (Fit fit : {Fit::contain, Fit::cover, Fit::stretch, Fit::centerCrop})
    for (auto [w, h] : {std::pair{1, 1}, {16384, 16}, {3, 5000}, {99, 101}}) {
      const Placement p = placeFit(tile, fit, w, h);
      CHECK(p.x >= 100 && p.y >= 50 && p.x + p.width <= 200 && p.y + p.height <= 150 && p.width >= 2 && p.height >= 2);
      CHECK(p.x % 2 == 0 && p.y % 2 == 0 && p.width % 2 == 0 && p.height % 2 == 0);
      CHECK(p.source.x1 >= 0 && p.source.x2 <= w && p.source.width() > 0 && p.source.y2 <= h);
    }
}

TEST(sources_land_in_their_tiles_in_both_canvas_formats) {
  for (PixelFormat format : {pixelFormat::yuv420p, pixelFormat::nv12}) {
    auto composer = makeComposer(spec(LayoutKind::split, 2), device(), format, 2);
    const std::vector<TileInput> inputs{live(plain(640, 360, kRed)), live(plain(99, 57, kBlue))};
    const FrameRef canvas = composer->compose(3, 120'000, inputs);
    for (int y = 0; y < 180; y++)
      for (int x = 0; x < 320; x++) CHECK(is(canvas, x, y, x < 160 ? kRed : kBlue));
    CHECK_EQUAL(canvas->ptsUs, 120'000);
    CHECK_EQUAL(canvas->index, 3);
  }
}

TEST(contain_leaves_the_background_beside_the_picture) {
  LayoutSpec s = spec(LayoutKind::split, 1);
  s.tiles[0].fit = Fit::contain;
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 1);
  const FrameRef canvas = composer->compose(0, 0, std::vector{live(plain(100, 100, kGreen))});
  CHECK(is(canvas, 2, 90, kBackground) && is(canvas, 160, 90, kGreen) && is(canvas, 318, 90, kBackground));
}

TEST(custom_tiles_lie_by_z_and_mix_by_alpha) {
  LayoutSpec s = spec(LayoutKind::custom, 2);
  s.tiles[0].rect = {40, 40, 120, 120};
  s.tiles[0].z = 5;
  s.tiles[0].alpha = 0.25f;
  s.tiles[1].rect = {0, 0, 320, 180};
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 1);
  const FrameRef canvas =
      composer->compose(0, 0, std::vector{live(plain(64, 64, {200, 100, 60})), live(plain(64, 64, {100, 60, 200}))});
  CHECK(is(canvas, 80, 80, {125, 70, 165}));
  CHECK(is(canvas, 10, 10, {100, 60, 200}));
}

TEST(a_source_that_ended_is_held_replaced_blackened_or_left_out) {
  for (WhenEnded what : {WhenEnded::hold, WhenEnded::placeholder, WhenEnded::black, WhenEnded::relayout}) {
    LayoutSpec s = spec(LayoutKind::split, 2);
    s.whenEnded = what;
    auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 3);
    FrameRef last = plain(640, 360, kRed);
    std::weak_ptr<const Frame> alive = last;
    std::vector<TileInput> inputs{live(last), live(plain(640, 360, kBlue))};
    composer->compose(0, 0, inputs);
    inputs[0].state = TileState::ended;
    composer->compose(1, 40'000, inputs);
    inputs[0].frame.reset();
    last.reset();
    CHECK(alive.expired());  // the composer keeps no source's memory
    const FrameRef canvas = composer->compose(2, 80'000, inputs);
    switch (what) {
      case WhenEnded::hold: CHECK(is(canvas, 80, 90, kRed) && is(canvas, 240, 90, kBlue)); break;
      case WhenEnded::black: CHECK(is(canvas, 80, 90, {16, 128, 128}) && is(canvas, 240, 90, kBlue)); break;
      case WhenEnded::relayout: CHECK(is(canvas, 20, 90, kBlue) && is(canvas, 300, 90, kBlue)); break;
      case WhenEnded::placeholder:
        CHECK(is(canvas, 4, 4, {52, 128, 128}) && is(canvas, 240, 90, kBlue));
        CHECK(variance(canvas, {0, 0, 160, 180}) > 20);  // there is something to read
        break;
    }
  }
}

TEST(a_grid_lays_itself_out_anew_when_sources_join_and_leave) {
  LayoutSpec s = spec(LayoutKind::grid, 1);
  s.whenEnded = WhenEnded::relayout;
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 2);
  std::vector<TileInput> inputs{live(plain(64, 64, kRed))};
  CHECK(is(composer->compose(0, 0, inputs), 300, 90, kRed));
  TileSpec joined;
  joined.source = 1;
  composer->addTile(joined);
  inputs.push_back(without(TileState::starting));
  CHECK(is(composer->compose(1, 40'000, inputs), 300, 90, kRed));
  inputs[1] = live(plain(64, 64, kBlue));
  CHECK(is(composer->compose(2, 80'000, inputs), 300, 90, kBlue));
  composer->removeTile(0);
  inputs.erase(inputs.begin());
  CHECK(is(composer->compose(3, 120'000, inputs), 20, 90, kBlue));
  composer->removeTile(0);
  CHECK(is(composer->compose(4, 160'000, {}), 20, 90, kBackground));
}

TEST(a_stale_tile_is_a_card_with_the_state_of_its_source) {
  auto composer = makeComposer(spec(LayoutKind::split, 2), device(), pixelFormat::yuv420p, 4);
  std::vector<TileInput> inputs{live(plain(640, 360, kRed)), live(plain(640, 360, kBlue))};
  composer->compose(0, 0, inputs);
  TileInput stale = without(TileState::stale);
  stale.status = "reconnecting, attempt 3";
  const TileInput picture = std::exchange(inputs[0], stale);
  const FrameRef third = composer->compose(1, 40'000, inputs);
  CHECK(is(third, 4, 4, {52, 128, 128}) && is(third, 240, 90, kBlue));
  CHECK(variance(third, {0, 0, 160, 180}) > 20);
  inputs[0].status = "reconnecting, attempt 4";
  const FrameRef fourth = composer->compose(2, 80'000, inputs);
  CHECK(variance(third, {0, 0, 160, 180}) != variance(fourth, {0, 0, 160, 180}));
  inputs[0] = picture;
  CHECK(is(composer->compose(3, 120'000, inputs), 80, 90, kRed));
}

TEST(a_layout_changes_by_a_cut_or_fades_over) {
  for (PixelFormat format : {pixelFormat::yuv420p, pixelFormat::nv12})
    for (const int64_t transitionUs : {int64_t{0}, int64_t{160'000}}) {
      auto composer = makeComposer(spec(LayoutKind::split, 2), device(), format, 3);
      std::vector<TileInput> inputs{live(plain(640, 360, kRed)), live(plain(640, 360, kBlue))};
      FrameRef before = composer->compose(0, 0, inputs);
      CHECK(is(before, 80, 90, kRed) && is(before, 240, 90, kBlue));
      if (!transitionUs) before = nullptr;
      LayoutSpec one = spec(LayoutKind::grid, 1);
      one.tiles[0].source = 1;
      composer->setLayout(one, std::vector<int32_t>{1}, std::move(before), transitionUs);
      inputs.erase(inputs.begin());
      std::vector<int> luma;
      for (int tick = 0; tick < 6; tick++) luma.push_back(at(composer->compose(tick, tick * 40'000, inputs), 80, 90).y);
      if (!transitionUs)
        CHECK_EQUAL(luma[0], kBlue.y);
      else
        for (int tick = 0; tick < 6; tick++) {
          const double share = std::max(0.0, 1 - tick / 4.0);
          CHECK(std::abs(luma[static_cast<size_t>(tick)] - (kRed.y * share + kBlue.y * (1 - share))) <= 1.5);
        }
      CHECK(is(composer->compose(9, 400'000, inputs), 240, 90, kBlue));
    }
}

TEST(boxes_labels_and_time_are_drawn_where_they_belong) {
  LayoutSpec s = spec(LayoutKind::split, 2, 640, 360);
  s.draw.boxes = "people";
  s.draw.time = true;
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 2);
  std::vector<TileInput> inputs{live(plain(320, 360, kRed)), live(plain(320, 360, kRed))};
  inputs[1].observations = {{"people", {{100, 100, 200, 220}}, {3}, {7}, {0.9f}}};
  const FrameRef canvas = composer->compose(0, 61'250'000, inputs);
  const Yuv seven = paletteColor(7);
  CHECK(is(canvas, 320 + 100, 160, seven) && is(canvas, 320 + 198, 160, seven) && is(canvas, 320 + 150, 100, seven));
  CHECK(is(canvas, 320 + 150, 160, kRed));  // only the outline
  CHECK(is(canvas, 320 + 101, 83, seven));  // the label's plate above the box
  CHECK(variance(canvas, {320 + 102, 84, 320 + 160, 98}) > 100);
  CHECK(variance(canvas, {520, 336, 640, 356}) > 100);  // the time
  for (int y = 0; y < 330; y++)
    for (int x = 0; x < 320; x++) CHECK(is(canvas, x, y, kRed));
}

TEST(two_follow_tiles_of_one_video_each_show_their_person) {
  LayoutSpec s = spec(LayoutKind::split, 2, 640, 360);
  for (TileSpec& tile : s.tiles) {
    tile.source = 0;
    tile.follow.module = "people";
  }
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 1);
  // A blue and a green square on red.
  const Box blue{200, 300, 280, 400}, green{900, 250, 980, 350};
  auto inside = [](const Box& b, int x, int y) { return x >= b.x1 && x < b.x2 && y >= b.y1 && y < b.y2; };
  const FrameRef frame = picture(1280, 720, [&](int x, int y) {
    return inside(blue, x, y) ? kBlue : inside(green, x, y) ? kGreen : kRed;
  });
  TileInput input = live(frame);
  input.observations = {{"people", {green, blue}, {1, 2}, {1, 2}, {0.9f, 0.9f}}};
  for (int i = 0; i < 50; i++) {
    const FrameRef canvas = composer->compose(i, i * 40'000, std::vector<TileInput>{input, input});
    const bool greenLeft = is(canvas, 160, 180, kGreen);
    CHECK(is(canvas, 160, 180, greenLeft ? kGreen : kBlue));
    CHECK(is(canvas, 480, 180, greenLeft ? kBlue : kGreen));
    CHECK(is(canvas, 10, 10, kRed));
  }
  CHECK_EQUAL(composer->followStats().size(), size_t{2});
}

TEST(a_closed_composer_gives_null_instead_of_waiting) {
  auto composer = makeComposer(spec(LayoutKind::split, 1), device(), pixelFormat::yuv420p, 1);
  const std::vector<TileInput> inputs{without(TileState::starting)};
  const FrameRef kept = composer->compose(0, 0, inputs);
  composer->close();
  CHECK(composer->compose(1, 40'000, inputs) == nullptr);
}

TEST(canvases_and_copies_are_all_given_back) {
  const size_t before = device()->liveBytes();
  {
    auto composer = makeComposer(spec(LayoutKind::split, 1), device(), pixelFormat::nv12, 2);
    TileInput input = live(plain(64, 64, kRed));
    for (int i = 0; i < 20; i++) composer->compose(i, i * 40'000, std::vector{input});
    input.state = TileState::ended;
    composer->compose(20, 800'000, std::vector{input});
  }
  CHECK_EQUAL(device()->liveBytes(), before);
}

// Everything at once, for the eye.
TEST(showcase) {
  const char* folder = std::getenv("FRAMEPATH_TEST_OUT");
  if (!folder) return;
  LayoutSpec s = spec(LayoutKind::grid, 6, 1280, 720);
  s.gap = 6;
  s.whenEnded = WhenEnded::placeholder;
  s.draw.boxes = "people";
  s.draw.time = true;
  s.redact.module = "faces";
  s.tiles[1].fit = Fit::contain;
  s.tiles[2].fit = Fit::centerCrop;
  s.tiles[3].follow.module = "people";
  s.tiles[4].label = "camera-left.mp4";
  const FrameRef scene = picture(1280, 720, [](int x, int y) {
    const double dx = x - 420, dy = y - 330, r = std::hypot(dx, dy * 0.8);
    if (r < 110 && (std::hypot(dx - 40, dy + 30) < 16 || std::hypot(dx + 40, dy + 30) < 16 ||
                    (std::fabs(dx) < 45 && std::fabs(dy - 60) < 7)))
      return toYuv(0.15, 0.1, 0.1, ColorMatrix::bt709, ColorRange::limited);
    if (r < 110) return toYuv(0.9, 0.7, 0.55, ColorMatrix::bt709, ColorRange::limited);
    const double check = (x / 80 + y / 80) % 2 ? 0.75 : 0.55;
    return toYuv(check * x / 1280, check * y / 720, 0.5, ColorMatrix::bt709, ColorRange::limited);
  });
  auto composer = makeComposer(s, device(), pixelFormat::yuv420p, 1);
  std::vector<TileInput> inputs(6, live(scene));
  inputs[4] = without(TileState::ended);
  for (TileInput& input : inputs)
    if (input.frame) input.observations = {{"people", {{300, 190, 540, 480}}, {12}, {3}, {0.97f}}};
  inputs[5].observations.push_back({"faces", {{320, 200, 520, 460}}, {}, {}, {}});
  const FrameRef canvas = composer->compose(0, 83'040'000, inputs);
  FILE* out = std::fopen((std::string(folder) + "/canvas.ppm").c_str(), "wb");
  CHECK(out != nullptr);
  if (!out) return;
  std::fprintf(out, "P6 1280 720 255\n");
  for (int y = 0; y < 720; y++)
    for (int x = 0; x < 1280; x++) {
      const Yuv c = at(canvas, x, y);
      const double l = (c.y - 16) / 219.0, u = (c.u - 128) / 224.0, v = (c.v - 128) / 224.0;
      for (double k : {l + 1.5748 * v, l - 0.1873 * u - 0.4681 * v, l + 1.8556 * u})
        std::fputc(static_cast<int>(std::lround(std::fmin(1, std::fmax(0, k)) * 255)), out);
    }
  std::fclose(out);
}

TEST_MAIN()
