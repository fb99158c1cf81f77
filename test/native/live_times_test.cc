// The clock of compositions with live sources, and where their frames go on it, played without waiting.
#include "compose/live_times.h"

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include "check.h"

using namespace framepath;
using compose::LiveClock;
using compose::LiveTimes;

namespace {

struct Came {
  int64_t ptsUs, arrivedUs;
};

// Which of `frames` (in order of arrival) each tick up to `untilUs` shows, -1: none, as a canvas source plays them.
// `agesUs`: how long ago each new one came. `lookAheadUs`: that much has to be known past each.
std::vector<int> shown(LiveClock clock, const std::vector<Came>& frames, int64_t untilUs,
                       std::vector<int64_t>* agesUs = nullptr, int64_t lookAheadUs = 0) {
  LiveTimes times;
  std::vector<std::pair<int64_t, int>> waiting;
  std::vector<int> canvases;
  size_t next = 0;
  int now = -1;
  int64_t newestUs = 0;
  for (int64_t tickUs = 0; tickUs < untilUs; tickUs = clock.tickUsFrom(tickUs + 1)) {
    for (; next < frames.size() && frames[next].arrivedUs * 1000 <= clock.dueNs(tickUs); next++) {
      const LiveTimes::Placed placed = times.place(clock, frames[next].ptsUs, frames[next].arrivedUs);
      for (auto& [us, frame] : waiting) us += placed.movedUs;
      waiting.emplace_back(placed.ptsUs, static_cast<int>(next));
      newestUs = placed.ptsUs;
    }
    while (!waiting.empty() && waiting.front().first <= std::min(tickUs, newestUs - lookAheadUs)) {
      now = waiting.front().second;
      waiting.erase(waiting.begin());
    }
    if (agesUs && now >= 0 && (canvases.empty() || canvases.back() != now))
      agesUs->push_back(clock.dueNs(tickUs) / 1000 - frames[static_cast<size_t>(now)].arrivedUs);
    canvases.push_back(now);
    clock.drawn();
  }
  return canvases;
}

std::vector<Came> steady(double fps, int frames, const std::function<int64_t(int)>& lateUs) {
  std::vector<Came> all;
  int64_t last = 0;
  for (int i = 0; i < frames; i++) {
    const auto us = static_cast<int64_t>(i * 1e6 / fps);
    last = std::max(last, us + lateUs(i));
    all.push_back({us, last});
  }
  return all;
}

// Of the frames that came while ticks were drawn.
double distinct(const std::vector<int>& canvases, size_t from = 0) {
  const std::set<int> different(canvases.begin() + static_cast<std::ptrdiff_t>(from), canvases.end());
  return static_cast<double>(different.size()) / static_cast<double>(canvases.size() - from);
}

LiveClock started(int32_t num, int32_t den = 1, bool low = false, int64_t lookAheadUs = 0) {
  LiveClock clock(num, den, lookAheadUs, low);
  clock.start(0, 0);
  return clock;
}

int64_t quantile(std::vector<int64_t> values, double q) {
  std::ranges::sort(values);
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

}  // namespace

TEST(a_tick_is_drawn_two_intervals_after_its_time_at_most_a_tenth_of_a_second) {
  CHECK_EQUAL(started(50).dueNs(20'000), 60'000'000);
  CHECK_EQUAL(started(25).dueNs(40'000), 120'000'000);
  CHECK_EQUAL(started(5).dueNs(200'000), 300'000'000);
  LiveClock clock(25, 1, 500'000);
  clock.start(7'000'000'000, 80'000);
  clock.start(9'000'000'000, 0);  // only the first counts
  CHECK_EQUAL(clock.timeUs(7'000'000'000), 80'000);
  CHECK_EQUAL(clock.dueNs(80'000), 7'580'000'000);
}

TEST(every_frame_of_a_steady_source_is_shown_once) {
  const LiveClock clock = started(25);
  CHECK_EQUAL(distinct(shown(clock, steady(25, 500, [](int) { return 0; }), 20'000'000)), 1.0);
  // Times in whole milliseconds, at 29.97 pictures a second.
  std::vector<Came> rounded = steady(30000.0 / 1001, 3000, [](int) { return 0; });
  for (Came& one : rounded) one.ptsUs = (one.ptsUs + 500) / 1000 * 1000;
  CHECK_EQUAL(distinct(shown(started(30000, 1001), rounded, 100'000'000)), 1.0);
}

TEST(a_source_with_jitter_shows_nearly_every_frame) {
  std::mt19937 random(7);
  for (const int jitterUs : {10'000, 30'000, 60'000, 120'000}) {
    const auto late = [&](int) { return static_cast<int64_t>(random() % static_cast<unsigned>(jitterUs)); };
    const std::vector<int> canvases = shown(started(25), steady(25, 1500, late), 60'000'000);
    std::printf("  %d ms of jitter: %.4f\n", jitterUs / 1000, distinct(canvases));
    CHECK(distinct(canvases) >= 0.98);
    CHECK(1499 - canvases.back() <= 12);  // and it does not fall behind
  }
}

TEST(a_source_whose_clock_runs_fast_or_slow_keeps_up) {
  for (const double rate : {25.01, 24.99}) {
    const auto frames = static_cast<int>(rate * 600);
    const std::vector<Came> came = steady(rate, frames, [](int) { return 0; });
    std::vector<Came> claimed = came;
    for (int i = 0; i < frames; i++) claimed[static_cast<size_t>(i)].ptsUs = i * 40'000;
    const std::vector<int> canvases = shown(started(25), claimed, 600'000'000);
    CHECK(distinct(canvases) >= 0.99);
    CHECK(frames - canvases.back() <= 8);
  }
}

TEST(a_slow_source_repeats_and_a_fast_one_is_thinned_out) {
  CHECK(std::abs(distinct(shown(started(25), steady(5, 100, [](int) { return 0; }), 20'000'000)) - 0.2) < 0.01);
  CHECK(distinct(shown(started(25), steady(60, 1200, [](int) { return 0; }), 20'000'000)) == 1.0);
}

TEST(pictures_that_were_held_up_are_caught_up_with) {
  // Nothing for three seconds, then all of it at once.
  const auto stalled = [](int i) { return i >= 100 && i < 175 ? int64_t{175 - i} * 40'000 : 0; };
  const std::vector<int> canvases = shown(started(25), steady(25, 1000, stalled), 40'000'000);
  CHECK(999 - canvases.back() <= 5);
  const int atSeven = canvases[175 + 75 + 5];
  CHECK(atSeven > 225);  // within a second of the clock
}

TEST(a_burst_at_the_start_is_not_kept_as_latency) {
  std::vector<Came> came = steady(25, 1000, [](int) { return 0; });
  for (int i = 0; i < 50; i++) came[static_cast<size_t>(i)].arrivedUs = 0;  // two seconds at once
  for (size_t i = 50; i < came.size(); i++) came[i].arrivedUs -= 50 * 40'000;
  const std::vector<int> canvases = shown(started(25), came, 30'000'000);
  CHECK(750 + 50 - canvases.back() <= 8);
  CHECK(canvases[5] >= 50);  // the clip's latest, at once
}

TEST(times_that_jump_ahead_are_shown_at_once) {
  std::vector<Came> came = steady(25, 200, [](int) { return 0; });
  for (size_t i = 100; i < 200; i++) came[i].ptsUs += 8'000'000;
  const std::vector<int> canvases = shown(started(25), came, 8'000'000);
  CHECK(distinct(canvases) >= 0.98);
}

TEST_MAIN()

TEST(with_low_latency_frames_that_come_regularly_are_drawn_soon) {
  std::mt19937 random(11);
  for (const int phaseUs : {0, 7'000, 21'000, 39'000})
    for (const int jitterUs : {1, 5'000, 20'000}) {
      const auto late = [&](int) { return phaseUs + static_cast<int64_t>(random() % static_cast<unsigned>(jitterUs)); };
      const std::vector<Came> came = steady(25, 1500, late);
      std::vector<int64_t> usual, low;
      shown(started(25), came, 59'000'000, &usual);
      const std::vector<int> canvases = shown(started(25, 1, true), came, 59'000'000, &low);
      usual.erase(usual.begin(), usual.begin() + 250);  // ten seconds to find the latency
      low.erase(low.begin(), low.begin() + 250);
      std::printf("  phase %d ms, jitter %d ms: %.1f ms (%.1f), distinct %.4f\n", phaseUs / 1000, jitterUs / 1000,
                  static_cast<double>(quantile(low, 0.5)) / 1000, static_cast<double>(quantile(usual, 0.5)) / 1000,
                  distinct(canvases, 250));
      CHECK(quantile(low, 0.5) <= 12'000 + jitterUs);
      CHECK(quantile(low, 0.99) <= 14'000 + 2 * jitterUs);
      CHECK(distinct(canvases, 250) >= 0.98);
    }
}

TEST(with_low_latency_frames_that_are_held_up_now_and_then_cost_a_canvas_each) {
  // Every three seconds one is 30 ms late.
  const auto late = [](int i) { return i % 75 == 74 ? 30'000 : 0; };
  std::vector<int64_t> ages;
  const std::vector<int> canvases = shown(started(25, 1, true), steady(25, 3000, late), 119'000'000, &ages);
  std::printf("  distinct %.4f, p50 %.1f ms\n", distinct(canvases, 250),
              static_cast<double>(quantile(ages, 0.5)) / 1000);
  CHECK(distinct(canvases, 250) >= 0.98);
  CHECK(quantile(ages, 0.5) <= 55'000);
  CHECK(2975 - canvases.back() <= 2);
}

TEST(with_low_latency_a_clock_that_runs_fast_or_slow_keeps_up) {
  for (const double rate : {25.05, 24.95}) {
    const auto frames = static_cast<int>(rate * 300);
    std::vector<Came> came = steady(rate, frames, [](int) { return 0; });
    for (int i = 0; i < frames; i++) came[static_cast<size_t>(i)].ptsUs = i * 40'000;
    std::vector<int64_t> ages;
    const std::vector<int> canvases = shown(started(25, 1, true), came, 300'000'000, &ages);
    std::printf("  %.2f/s: distinct %.4f, p50 %.1f ms, p99 %.1f ms\n", rate, distinct(canvases),
                static_cast<double>(quantile(ages, 0.5)) / 1000, static_cast<double>(quantile(ages, 0.99)) / 1000);
    CHECK(distinct(canvases) >= 0.98);
    CHECK(quantile(ages, 0.99) <= 95'000);
    CHECK(frames - canvases.back() <= 4);
  }
}

TEST(with_low_latency_a_look_ahead_between_two_frames_costs_no_canvas) {
  std::mt19937 random(5);
  const auto late = [&](int) { return static_cast<int64_t>(random() % 20'000u); };
  for (const int64_t aheadUs : {400'000, 430'000, 500'000}) {
    const std::vector<int> canvases =
        shown(started(25, 1, true, aheadUs), steady(25, 1500, late), 58'000'000, nullptr, aheadUs);
    CHECK(distinct(canvases, 250) >= 0.98);
  }
}

TEST(with_low_latency_frames_at_every_phase_of_the_ticks_are_in_time) {
  std::mt19937 random(3);
  const auto late = [&](int) { return static_cast<int64_t>(random() % 20'000u); };
  const std::vector<int> ntsc = shown(started(30, 1, true), steady(30000.0 / 1001, 9000, late), 299'000'000);
  const std::vector<int> film = shown(started(25, 1, true), steady(24, 7200, late), 299'000'000);
  std::printf("  29.97 at 30: %.4f, 24 at 25: %.4f\n", distinct(ntsc, 300), distinct(film, 250));
  CHECK(distinct(ntsc, 300) >= 0.99);
  CHECK(distinct(film, 250) >= 0.955);
}

TEST(with_low_latency_a_canvas_of_few_pictures_is_drawn_soon_too) {
  for (int phaseUs = 0; phaseUs < 200'000; phaseUs += 30'000) {
    std::vector<int64_t> ages;
    shown(started(5, 1, true), steady(5, 300, [&](int) { return phaseUs; }), 59'000'000, &ages);
    ages.erase(ages.begin(), ages.begin() + 60);
    CHECK(quantile(ages, 0.5) <= 110'000);
  }
}
