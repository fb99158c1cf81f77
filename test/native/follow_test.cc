#include "compose/follow.h"

#include <algorithm>
#include <random>

#include "check.h"

using namespace framepath;
using namespace framepath::compose;

namespace {

constexpr int kWidth = 1920, kHeight = 1080;
const Box kHalf{0, 0, 960, 1080};

struct Seen {
  Box box;
  int32_t id = 0;
  int64_t track = 0;
};
Box around(double x, double y, double h) {
  return {static_cast<float>(x - h * 0.4), static_cast<float>(y - h / 2), static_cast<float>(x + h * 0.4),
          static_cast<float>(y + h / 2)};
}

// Tiles that follow "people" of source 0, at 25 ticks a second.
struct Stage {
  FollowTiles tiles;
  int count;
  int64_t now = 0;
  explicit Stage(const std::vector<FollowSpec>& specs) : count(static_cast<int>(specs.size())) {
    for (const FollowSpec& spec : specs) {
      TileSpec tile;
      tile.follow = spec;
      tile.follow.module = "people";
      tiles.addTile(tile);
    }
  }
  void tick(const std::vector<Seen>& people, bool hasResult = true) {
    TileInput input;
    input.fresh = true;
    if (hasResult) {
      TileBoxes boxes{"people", {}, {}, {}, {}};
      for (const Seen& p : people) {
        boxes.boxes.push_back(p.box);
        boxes.ids.push_back(p.id);
        boxes.tracks.push_back(p.track);
      }
      input.observations.push_back(boxes);
    }
    const std::vector<FollowTiles::Picture> pictures(static_cast<size_t>(count),
                                                     {kWidth, kHeight, kHalf, &input, true});
    tiles.advance(now, pictures);
    now += 40'000;
  }
  double x(int tile = 0) const { return (tiles.crop(tile).x1 + tiles.crop(tile).x2) / 2; }
  double height(int tile = 0) const { return tiles.crop(tile).height(); }
  bool shows(int tile, double at) const { return std::fabs(x(tile) - at) < 60 && tiles.personIn(tile) != 0; }
};

FollowSpec mainPerson() {
  return {};
}

}  // namespace

TEST(the_first_person_appears_at_once_and_the_crop_has_the_shape_of_the_tile) {
  Stage stage({mainPerson()});
  stage.tick({{around(700, 500, 150), 1, 1}});
  const Box crop = stage.tiles.crop(0);
  CHECK_NEAR(stage.x(), 700, 0.01);
  CHECK_NEAR(crop.height(), 450, 0.01);
  CHECK_NEAR(crop.width() / crop.height(), 960.0 / 1080, 1e-4);
}

TEST(a_step_is_followed_without_overshoot_within_the_limits) {
  for (double step : {60.0, 200.0, 700.0}) {
    Stage stage({mainPerson()});
    stage.tick({{around(500, 540, 150), 1, 1}});
    const CameraLimits limits;
    double past = stage.x(), speed = 0, largest = 0, worstSpeed = 0, worstAcceleration = 0, settled = -1;
    for (int i = 0; i < 150; i++) {
      stage.tick({{around(500 + step, 540, 150), 1, 1}});
      const double now = (stage.x() - past) / 0.04;
      worstAcceleration = std::max(worstAcceleration, std::fabs(now - speed) / 0.04);
      worstSpeed = std::max(worstSpeed, std::fabs(now));
      speed = now;
      past = stage.x();
      largest = std::max(largest, past);
      if (settled < 0 && past > 500 + 0.63 * step) settled = i * 0.04;
    }
    const double dead = limits.deadZone * 450;
    CHECK(largest <= 500 + step * 1.02);
    CHECK_NEAR(past, 500 + step, dead + 1);
    CHECK(worstSpeed <= limits.velocity * 450 * 1.01);
    CHECK(worstAcceleration <= limits.acceleration * 450 * 1.01);
    CHECK(settled >= 0.3 && settled < 2.2);
    if (step == 60.0) CHECK_NEAR(settled, 0.6, 0.3);
    std::printf("  step %4.0f px: 63 %% after %.2f s, largest %.1f, speed %.0f px/s, acceleration %.0f px/s2\n", step,
                settled, largest - 500, worstSpeed, worstAcceleration);
  }
}

TEST(somebody_who_walks_stays_in_the_middle) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 1.5);
  Stage stage({mainPerson()});
  double worst = 0, x = 500;
  for (int i = 0; i < 150; i++) {
    if (i > 25) x += 240 * 0.04;
    stage.tick({{around(x + noise(random), 540 + noise(random), 150), 1, 1}});
    if (i > 75) worst = std::max(worst, std::fabs(stage.x() - x));
  }
  std::printf("  240 px/s: at most %.0f px off the middle of a crop 400 wide\n", worst);
  CHECK(worst < 60);
  const double stopped = x;
  double over = 0;
  for (int i = 0; i < 75; i++) {
    stage.tick({{around(stopped, 540, 150), 1, 1}});
    over = std::max(over, stage.x() - stopped);
  }
  CHECK(over < 40);  // nor does the crop run on far when they stop
  CHECK_NEAR(stage.x(), stopped, 12);
}

TEST(a_trembling_box_hardly_moves_the_picture) {
  std::mt19937 random(4);
  std::normal_distribution<double> noise(0, 3);
  Stage still({mainPerson()}), walking({mainPerson()});
  double input = 0, past[2] = {};
  int n = 0;
  for (int i = 0; i < 500; i++) {
    const double jitter = noise(random);
    still.tick({{around(900 + jitter, 500 + noise(random), 150 + noise(random)), 1, 1}});
    walking.tick({{around(500 + i * 1.6 + jitter, 500 + noise(random), 150 + noise(random)), 1, 1}});
    if (i >= 2) {
      input += std::pow((jitter - 2 * past[1] + past[0]) / 0.0016, 2);
      n++;
    }
    past[0] = past[1];
    past[1] = jitter;
  }
  const double raw = std::sqrt(input / n);
  const FollowStats a = still.tiles.stats()[0], b = walking.tiles.stats()[0];
  std::printf("  box centre rms acceleration %.0f px/s2 (x only); crop, standing %.2f, walking %.2f px/s2\n", raw,
              a.rmsAcceleration, b.rmsAcceleration);
  CHECK(a.rmsAcceleration < raw / 200);
  CHECK(b.rmsAcceleration < raw / 100);
  CHECK(walking.x() > 1100);
  CHECK_EQUAL(a.switches, 0);
}

TEST(two_tiles_of_one_video_show_two_people_and_never_the_same) {
  std::mt19937 random(8);
  Stage stage({mainPerson(), mainPerson()});
  // Two people cross several times; sizes wander, boxes are lost now and then.
  int same = 0;
  for (int i = 0; i < 1000; i++) {
    const double s = std::sin(i * 0.02), sizeA = 150 + 60 * std::sin(i * 0.011), sizeB = 150 - 60 * std::sin(i * 0.011);
    std::vector<Seen> people;
    if (random() % 10) people.push_back({around(960 + 500 * s, 500, sizeA), 1, 1});
    if (random() % 10) people.push_back({around(960 - 500 * s, 520, sizeB), 2, 2});
    stage.tick(people);
    const int64_t a = stage.tiles.personIn(0), b = stage.tiles.personIn(1);
    same += a != 0 && a == b;
    if (i > 0) CHECK(a != 0 && b != 0);
  }
  CHECK_EQUAL(same, 0);
  for (const FollowStats& s : stage.tiles.stats()) CHECK_EQUAL(s.switches, 0);
}

TEST(one_person_and_two_tiles_gives_the_other_tile_the_wide_shot) {
  Stage stage({mainPerson(), mainPerson()});
  for (int i = 0; i < 50; i++) stage.tick({{around(400, 400, 120), 1, 1}});
  CHECK(stage.shows(0, 400) || stage.height(0) < 400);
  CHECK_EQUAL(stage.tiles.personIn(1), 0);
  CHECK_NEAR(stage.height(1), 1080, 0.5);
}

TEST(a_larger_person_takes_over_only_after_the_minimum_hold) {
  FollowSpec spec;
  spec.minHoldMs = 3000;
  Stage stage({spec});
  int switched = -1;
  for (int i = 0; i < 200; i++) {
    std::vector<Seen> people{{around(400, 500, 100), 1, 1}};
    if (i >= 5) people.push_back({around(1400, 500, 300), 2, 2});
    stage.tick(people);
    if (switched < 0 && stage.shows(0, 1400)) switched = i;
  }
  CHECK(switched * 40 >= 3000);
  CHECK(switched * 40 < 3500);
  CHECK_EQUAL(stage.tiles.stats()[0].switches, 1);
}

TEST(two_people_of_like_size_do_not_make_the_picture_jump_between_them) {
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, 8);
  Stage stage({mainPerson()});
  for (int i = 0; i < 1500; i++)
    stage.tick({{around(500, 500, 150 + noise(random)), 1, 1}, {around(1400, 500, 152 + noise(random)), 2, 2}});
  CHECK(stage.tiles.stats()[0].switches <= 1);
}

TEST(a_box_missing_for_a_few_frames_changes_nothing) {
  Stage stage({mainPerson()});
  for (int i = 0; i < 200; i++) {
    const bool gone = i % 25 > 15;  // 0.36 s of every second
    stage.tick(gone ? std::vector<Seen>{} : std::vector<Seen>{{around(700, 500, 150), 1, 1}});
  }
  CHECK_NEAR(stage.x(), 700, 0.01);
  CHECK_EQUAL(stage.tiles.stats()[0].wideTicks, 0);
  CHECK_NEAR(stage.tiles.stats()[0].maxAcceleration, 0, 0.5);
}

TEST(nobody_there_eases_to_the_wide_shot_and_back_without_a_cut) {
  Stage stage({mainPerson()});
  for (int i = 0; i < 50; i++) stage.tick({{around(500, 400, 150), 1, 1}});
  double past = stage.x(), jump = 0;
  auto follow = [&](const std::vector<Seen>& people) {
    stage.tick(people);
    jump = std::max(jump, std::fabs(stage.x() - past));
    past = stage.x();
  };
  for (int i = 0; i < 250; i++) follow({});
  CHECK_NEAR(stage.x(), 960, 1);
  CHECK_NEAR(stage.height(), 1080, 1);
  for (int i = 0; i < 250; i++) follow({{around(500, 400, 150), 1, 7}});
  CHECK(stage.shows(0, 500));
  CHECK(jump < 50);
  CHECK_EQUAL(stage.tiles.stats()[0].switches, 0);
}

TEST(another_person_is_a_cut) {
  Stage stage({mainPerson()});
  for (int i = 0; i < 50; i++) stage.tick({{around(500, 400, 150), 1, 1}});
  for (int i = 0; i < 60; i++) {
    stage.tick({{around(1500, 500, 150), 2, 2}});
    // Nothing in between: either the place of the first or that of the second.
    CHECK(stage.x() < 520 || stage.x() > 1440);
  }
  CHECK(stage.shows(0, 1500));
  CHECK_EQUAL(stage.tiles.stats()[0].switches, 1);
}

TEST(a_track_that_gets_its_identity_late_stays_the_same_person) {
  Stage stage({mainPerson(), mainPerson()});
  for (int i = 0; i < 100; i++)
    stage.tick({{around(500, 400, 150), i < 30 ? 0 : 4, 11}, {around(1400, 400, 150), i < 60 ? 0 : 9, 12}});
  // Lost, and found as another track, recognised after half a second.
  for (int i = 0; i < 30; i++) stage.tick({{around(1400, 400, 150), 9, 12}});
  for (int i = 0; i < 100; i++)
    stage.tick({{around(520, 400, 150), i < 12 ? 0 : 4, 13}, {around(1400, 400, 150), 9, 12}});
  CHECK(stage.shows(0, 510) && stage.shows(1, 1400));
  CHECK_EQUAL(stage.tiles.stats()[1].switches, 0);
}

TEST(a_tile_for_one_identity_waits_for_it_and_has_precedence) {
  FollowSpec third;
  third.pick = Pick::id;
  third.value = 3;
  Stage stage({mainPerson(), third});
  for (int i = 0; i < 60; i++) stage.tick({{around(500, 400, 200), 3, 1}, {around(1400, 400, 150), 5, 2}});
  CHECK(stage.shows(1, 500) && stage.shows(0, 1400));
  for (int i = 0; i < 200; i++) stage.tick({{around(1400, 400, 150), 5, 2}});
  CHECK_EQUAL(stage.tiles.personIn(1), 0);
  CHECK(stage.shows(0, 1400));
}

TEST(rank_counts_people_by_size) {
  FollowSpec second;
  second.pick = Pick::rank;
  second.value = 1;
  Stage stage({second});
  stage.tick({{around(500, 400, 300), 1, 1}});
  CHECK_EQUAL(stage.tiles.personIn(0), 0);
  for (int i = 0; i < 60; i++)
    stage.tick({{around(500, 400, 300), 1, 1}, {around(1400, 400, 150), 2, 2}, {around(1000, 400, 60), 3, 3}});
  CHECK(stage.shows(0, 1400));
}

std::vector<FollowSpec> firstAndSecond() {
  std::vector<FollowSpec> specs(2);
  for (int32_t i = 0; i < 2; i++) {
    specs[static_cast<size_t>(i)].pick = Pick::rank;
    specs[static_cast<size_t>(i)].value = i;
  }
  return specs;
}

TEST(two_ranks_keep_their_sides_when_sizes_change_and_a_third_comes) {
  Stage stage(firstAndSecond());
  const auto seen = [&](int ticks, double left, double right, double third) {
    for (int i = 0; i < ticks; i++) {
      std::vector<Seen> people{{around(500, 400, left), 1, 1}, {around(1400, 400, right), 2, 2}};
      if (third > 0) people.push_back({around(960, 700, third), 3, 3});
      if (i % 2) std::reverse(people.begin(), people.end());  // the order of a list means nothing
      stage.tick(people);
    }
  };
  seen(100, 200, 100, 0);
  CHECK(stage.shows(0, 500) && stage.shows(1, 1400));
  seen(250, 80, 260, 0);
  CHECK(stage.shows(0, 500) && stage.shows(1, 1400));
  seen(250, 80, 100, 400);
  CHECK(stage.shows(0, 500) && stage.shows(1, 1400));
  for (const FollowStats& s : stage.tiles.stats()) CHECK_EQUAL(s.switches, 0);
}

TEST(two_ranks_are_on_their_sides_again_after_both_were_away) {
  Stage stage(firstAndSecond());
  for (int i = 0; i < 100; i++) stage.tick({{around(500, 400, 200), 1, 1}, {around(1400, 400, 100), 2, 2}});
  const int64_t first = stage.tiles.personIn(0), second = stage.tiles.personIn(1);
  for (int i = 0; i < 100; i++) stage.tick({});
  CHECK_EQUAL(stage.tiles.personIn(0), 0);
  // Back in the other order, the second one first and larger, on tracks that are recognised after half a second.
  for (int i = 0; i < 40; i++) {
    stage.tick({{around(1400, 400, 300), i < 12 ? 0 : 2, 4}});
    CHECK_EQUAL(stage.tiles.personIn(0), 0);
  }
  for (int i = 0; i < 100; i++) {
    stage.tick({{around(1400, 400, 300), 2, 4}, {around(500, 400, 100), i < 12 ? 0 : 1, 5}});
    CHECK(stage.tiles.personIn(0) == (i < 12 ? 0 : first) && stage.tiles.personIn(1) == second);
  }
  CHECK(stage.shows(0, 500) && stage.shows(1, 1400));
}

TEST(who_stands_in_for_a_rank_leaves_when_its_owner_comes_back) {
  Stage stage(firstAndSecond());
  const Seen first{around(500, 400, 200), 1, 1}, second{around(1400, 400, 100), 2, 2};
  const Seen third{around(960, 800, 90), 3, 3};
  for (int i = 0; i < 100; i++) stage.tick({first, second});
  for (int i = 0; i < 100; i++) stage.tick({second, third});
  CHECK(stage.shows(0, 960) && stage.shows(1, 1400));
  for (int i = 0; i < 100; i++) stage.tick({first, second, third});
  CHECK(stage.shows(0, 500) && stage.shows(1, 1400));
}

TEST(a_rank_beside_the_main_person_is_the_next_one) {
  FollowSpec second;
  second.pick = Pick::rank;
  second.value = 1;
  Stage stage({mainPerson(), second});
  for (int i = 0; i < 60; i++) stage.tick({{around(500, 400, 200), 1, 1}});
  CHECK(stage.shows(0, 500));
  CHECK_EQUAL(stage.tiles.personIn(1), 0);
  for (int i = 0; i < 60; i++) stage.tick({{around(500, 400, 200), 1, 1}, {around(1400, 400, 100), 2, 2}});
  CHECK(stage.shows(0, 500) && stage.shows(1, 1400));
}

TEST(plain_detections_are_followed_by_place) {
  Stage stage({mainPerson(), mainPerson()});
  for (int i = 0; i < 300; i++) {
    // In an order that changes every frame, as detections by score do.
    std::vector<Seen> people{{around(500 + i, 400, 150)}, {around(1500 - i, 700, 140)}};
    if (i % 2) std::swap(people[0], people[1]);
    stage.tick(people);
  }
  CHECK(stage.tiles.personIn(0) != stage.tiles.personIn(1));
  for (const FollowStats& s : stage.tiles.stats()) CHECK_EQUAL(s.switches, 0);
}

TEST(the_crop_never_leaves_the_picture) {
  std::mt19937 random(6);
  Stage stage({mainPerson()});
  for (int i = 0; i < 500; i++) {
    stage.tick({{around(random() % 1920, random() % 1080, 20 + random() % 900), 1, 1}});
    const Box c = stage.tiles.crop(0);
    CHECK(c.x1 >= -0.01 && c.y1 >= -0.01 && c.x2 <= kWidth + 0.01 && c.y2 <= kHeight + 0.01);
    CHECK(c.height() >= 270 - 0.5);
  }
}

TEST_MAIN()
