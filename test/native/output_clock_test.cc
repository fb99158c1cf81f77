#include "compose/output_clock.h"

#include "check.h"
#include "core/error.h"

using namespace framepath;
using compose::OutputClock;

namespace {

struct Feed {
  std::vector<int64_t> times;
  int64_t endUs;
};

// Plays the feeds as the engine does: queues frames until the clock is ready, then shows the last at or before the
// tick.
std::vector<std::vector<int>> play(OutputClock& clock, const std::vector<Feed>& feeds) {
  std::vector<size_t> queued(feeds.size(), 0);
  std::vector<std::vector<int>> canvases;
  for (int guard = 0; guard < 100000; guard++) {
    while (!clock.ready()) {
      bool any = false;
      for (size_t s = 0; s < feeds.size(); s++) {
        const int source = static_cast<int>(s);
        if (queued[s] < feeds[s].times.size() && feeds[s].times[queued[s]] <= clock.tickUs(clock.tick() + 1)) {
          clock.sawFrame(source, feeds[s].times[queued[s]++]);
          any = true;
        } else if (queued[s] == feeds[s].times.size()) {
          clock.setDuration(source, feeds[s].endUs);
          clock.sawEnd(source);
        } else {
          clock.sawFrame(source, feeds[s].times[queued[s]++]);
          any = true;
        }
      }
      if (!any && !clock.ready()) break;
    }
    if (!clock.ready() || clock.finished()) break;
    std::vector<int> now;
    for (const Feed& feed : feeds) {
      int last = -1;
      for (size_t i = 0; i < feed.times.size() && feed.times[i] <= clock.tickUs(clock.tick()); i++)
        last = static_cast<int>(i);
      now.push_back(last);
    }
    canvases.push_back(now);
    clock.advance();
  }
  return canvases;
}

Feed steady(int num, int den, int frames) {
  Feed feed{{}, (int64_t{frames} * 1'000'000 * den + num / 2) / num};
  for (int i = 0; i < frames; i++) feed.times.push_back((int64_t{i} * 1'000'000 * den + num / 2) / num);
  return feed;
}

}  // namespace

TEST(ticks_are_exact_at_30000_over_1001) {
  const OutputClock clock(30000, 1001, 1);
  CHECK_EQUAL(clock.tickUs(0), 0);
  CHECK_EQUAL(clock.tickUs(1), 33367);
  CHECK_EQUAL(clock.tickUs(30000), 1'001'000'000);
  CHECK_EQUAL(clock.tickUs(int64_t{30000} * 86400), int64_t{1'001'000'000} * 86400);
  CHECK_EQUAL(clock.tickUs(2), 66733);
}

TEST(sources_of_25_and_30_fps_end_together_on_a_30_fps_canvas) {
  OutputClock clock(30, 1, 2);
  const auto canvases = play(clock, {steady(25, 1, 50), steady(30, 1, 60)});
  CHECK_EQUAL(canvases.size(), size_t{60});
  for (size_t i = 0; i < canvases.size(); i++) {
    CHECK_EQUAL(canvases[i][1], static_cast<int>(i));
    CHECK_EQUAL(canvases[i][0], static_cast<int>(i * 25 / 30));
  }
}

TEST(the_longest_source_decides_the_end_and_the_shorter_holds_its_last_frame) {
  OutputClock clock(25, 1, 2);
  const auto canvases = play(clock, {steady(25, 1, 10), steady(25, 1, 40)});
  CHECK_EQUAL(canvases.size(), size_t{40});
  CHECK_EQUAL(canvases.back()[0], 9);
  CHECK_EQUAL(canvases.back()[1], 39);
}

TEST(variable_frame_rates_show_the_last_frame_at_or_before_the_tick) {
  OutputClock clock(10, 1, 1);
  const auto canvases = play(clock, {{{0, 20'000, 90'000, 100'000, 480'000}, 600'000}});
  CHECK_EQUAL(canvases.size(), size_t{6});
  const int wanted[] = {0, 3, 3, 3, 3, 4};
  for (size_t i = 0; i < canvases.size(); i++) CHECK_EQUAL(canvases[i][0], wanted[i]);
}

TEST(nothing_is_ready_before_every_source_spoke) {
  OutputClock clock(30, 1, 2);
  CHECK(!clock.ready());
  clock.sawFrame(0, 0);
  clock.sawFrame(0, 40'000);
  CHECK(!clock.ready());
  clock.sawEnd(1);
  CHECK(clock.ready());
  CHECK(!clock.finished());
}

TEST(a_source_that_joins_is_not_waited_for_while_another_runs) {
  OutputClock clock(25, 1, 1);
  clock.sawFrame(0, 0);
  clock.sawFrame(0, 40'000);
  clock.setDuration(0, 80'000);
  clock.join(1);
  CHECK(clock.ready());
  clock.advance();
  clock.sawEnd(0);
  clock.advance();
  CHECK(!clock.finished() && !clock.ready());  // nothing else to show: now it is
  clock.sawFrame(1, 80'000);
  clock.setDuration(1, 120'000);
  clock.sawEnd(1);
  CHECK(clock.ready() && !clock.finished());
  clock.advance();
  CHECK(clock.finished());
}

TEST(a_source_that_leaves_does_not_make_the_composition_longer) {
  OutputClock clock(25, 1, 2);
  for (int source : {0, 1}) clock.setDuration(source, source ? 4'000'000 : 40'000);
  clock.sawFrame(0, 0);
  clock.sawFrame(1, 0);
  clock.sawEnd(0);
  clock.leave(1);
  CHECK(clock.ready());
  clock.advance();
  CHECK(clock.finished());
}

TEST(ticks_that_are_left_out_are_counted) {
  OutputClock clock(30000, 1001, 1);
  CHECK_EQUAL(clock.skipTo(33'367), 1);
  CHECK_EQUAL(clock.skipTo(33'368), 1);
  CHECK_EQUAL(clock.tickUs(clock.tick()), 66'733);
  CHECK_EQUAL(clock.skipTo(0), 0);
  CHECK_EQUAL(clock.tick(), 2);
}

TEST(a_source_without_frames_that_ended_ends_the_composition_at_once) {
  OutputClock clock(30, 1, 1);
  clock.sawEnd(0);
  CHECK(clock.ready());
  CHECK(clock.finished());
}

TEST(a_rate_of_zero_is_refused) {
  CHECK_ERROR(OutputClock(0, 1, 1), INVALID_ARGUMENT);
}

TEST(a_source_is_known_as_far_past_a_tick_as_its_look_ahead) {
  OutputClock clock(25, 1, 2);
  clock.setLookAhead(0, 1'000'000);
  clock.sawFrame(1, 2'000'000);
  clock.sawFrame(0, 1'000'000);
  CHECK(!clock.ready());
  clock.sawFrame(0, 1'040'000);
  CHECK(clock.ready());
  clock.advance();
  CHECK(!clock.ready());
  clock.sawEnd(0);  // nothing more can be known
  CHECK(clock.ready());
}

TEST(kept_times_are_those_of_the_frames) {
  OutputClock clock(25, 1, 1);
  clock.keepTimes();
  CHECK(!clock.ready() && !clock.finished());
  std::vector<int64_t> ticks;
  const auto draw = [&] {
    for (; clock.ready(); clock.advance()) ticks.push_back(clock.tickUs(clock.tick()));
  };
  for (const int64_t us : {7'000, 20'000, 20'000, 131'000, 171'000}) {
    clock.sawFrame(0, us);
    clock.setDuration(0, us + 40'000);
    draw();
  }
  CHECK(ticks == std::vector<int64_t>({7'000, 20'000, 131'000}));  // of the last the next is not known
  clock.sawEnd(0);
  draw();
  CHECK(ticks == std::vector<int64_t>({7'000, 20'000, 131'000, 171'000}));
  CHECK(clock.finished());
}

TEST(a_last_frame_that_is_shown_for_long_is_drawn_again_at_the_end) {
  OutputClock clock(25, 1, 1);
  clock.keepTimes();
  clock.sawFrame(0, 0);
  clock.setDuration(0, 5'000'000);
  clock.sawEnd(0);
  CHECK(clock.ready());
  clock.advance();
  CHECK(clock.ready());
  CHECK_EQUAL(clock.tickUs(clock.tick()), 4'960'000);
  clock.advance();
  CHECK(!clock.ready() && clock.finished());
}

TEST(kept_times_end_when_another_source_joins) {
  OutputClock clock(25, 1, 1);
  clock.keepTimes();
  clock.sawFrame(0, 7'000);
  clock.sawFrame(0, 50'000);
  clock.advance();
  clock.join(1);
  CHECK_EQUAL(clock.tickUs(clock.tick()), 80'000);
  clock.advance();
  CHECK_EQUAL(clock.tickUs(clock.tick()), 120'000);
}

TEST_MAIN()
