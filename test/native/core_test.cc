#include <thread>

#include "check.h"
#include "core/channel.h"
#include "core/detached_threads.h"
#include "core/histogram.h"
#include "core/pool.h"
#include "core/results.h"
#include "core/stop.h"
#include "device/image.h"

using namespace framepath;

TEST(histogram_quantiles_are_within_five_percent) {
  Histogram h;
  for (int i = 1; i <= 1000; i++) h.add(int64_t{i} * 1'000'000);
  CHECK_NEAR(h.quantileMs(0.5), 500, 25);
  CHECK_NEAR(h.quantileMs(0.99), 990, 50);
  CHECK_NEAR(h.maxMs(), 1000, 0.001);
}

TEST(histogram_octaves_hold_everything_once) {
  Histogram h;
  for (const int64_t us : {0, 1, 3, 100, 100, 1025, 3'000'000}) h.add(us * 1000);
  const auto octaves = h.octaves();
  const auto below = [&](size_t octave) { return static_cast<int64_t>(octaves[octave]); };
  CHECK_EQUAL(below(0), 2);   // 0 and 1 us: below 2 us
  CHECK_EQUAL(below(1), 1);   // 3 us
  CHECK_EQUAL(below(6), 2);   // 64 to 128 us
  CHECK_EQUAL(below(10), 1);  // 1024 to 2048 us
  uint64_t all = 0;
  for (const uint64_t count : octaves) all += count;
  CHECK_EQUAL(all, h.count());
  CHECK_NEAR(h.totalMs(), 3001.229, 0.001);
}

TEST(a_closed_channel_gives_what_is_left_and_then_nothing) {
  BoundedChannel<int> channel(2);
  CHECK(channel.push(1));
  channel.close();
  CHECK(!channel.push(2));
  CHECK_EQUAL(channel.pull().value_or(-1), 1);
  CHECK(!channel.pull().has_value());
}

TEST(a_stop_passes_at_its_time_or_with_its_parent_and_never_later) {
  const auto parent = std::make_shared<Stop>();
  Stop stop(parent);
  CHECK(!stop.passed());
  stop.at(nowNs() + 3'600'000'000'000);
  CHECK(!stop.passed());
  const int64_t soon = nowNs() - 1;
  stop.at(soon);
  stop.at(INT64_MAX);
  CHECK(stop.passed());
  CHECK_EQUAL(stop.atNs(), soon);
  Stop child(parent);
  parent->now();
  CHECK(child.passed() && parent->passed());
}

TEST(who_makes_another_waits_for_those_left_behind) {
  for (int32_t i = 0; i < DetachedThreads::kMost; i++) DetachedThreads::detached();
  CHECK(!DetachedThreads::waitForRoom([asked = 0]() mutable { return ++asked > 2; }));
  std::thread leaver([] { DetachedThreads::ended(); });
  CHECK(DetachedThreads::waitForRoom([] { return false; }));
  leaver.join();
  for (int32_t i = 1; i < DetachedThreads::kMost; i++) DetachedThreads::ended();
}

TEST(an_empty_pool_waits_until_something_comes_back) {
  Pool<int> pool(1, [] { return std::make_unique<int>(7); });
  auto first = pool.lease();
  std::thread giver([&] { first.reset(); });
  auto second = pool.lease();
  giver.join();
  CHECK_EQUAL(*second, 7);
  second.reset();
  CHECK_EQUAL(pool.leased(), size_t{0});
}

TEST(iou_of_half_overlapping_boxes_is_a_third) {
  CHECK_NEAR(intersectionOverUnion({0, 0, 2, 2}, {1, 0, 3, 2}), 1.0 / 3, 1e-6);
}

TEST(odd_sizes_round_chroma_up_and_fill_reaches_every_byte) {
  auto device = openDevice("cpu");
  auto queue = device->openQueue();
  {
    Image image = allocateImage(*device, pixelFormat::yuv420p, 7, 5);
    CHECK_EQUAL(planeWidth(image.view, 1), 4);
    CHECK_EQUAL(planeHeight(image.view, 2), 3);
    FillArgs args{image.view.planes[0], 7, 5, 42};
    launch(*device, *queue, args, Grid{7, 5, 1});
    int sum = 0;
    for (int y = 0; y < 5; y++)
      for (int x = 0; x < 7; x++) sum += image.view.planes[0].data[y * image.view.planes[0].pitchBytes + x];
    CHECK_EQUAL(sum, 42 * 35);
  }
  CHECK_EQUAL(device->liveBytes(), size_t{0});
}

TEST_MAIN()
