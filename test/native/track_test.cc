// Motion tracking. `track_test --perf` measures tracker updates per second instead.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "check.h"
#include "core/clock.h"
#include "core/error.h"
#include "track/assignment.h"
#include "track/kalman.h"
#include "track/mot.h"
#include "track/overlap.h"
#include "track/tracker.h"

using namespace framepath;
using namespace framepath::track;

namespace {

// People walking to and fro over a picture, as a good detector finds them.
class Walkers {
 public:
  Walkers(int32_t count, uint32_t seed, float width = 1920, float height = 1080)
      : random_(seed), width_(width), height_(height) {
    for (int32_t i = 0; i < count; i++) {
      people_.push_back({uniform(0, width), uniform(0, height), uniform(-4, 4), uniform(-2, 2), uniform(40, 90)});
    }
  }
  Detections next(float miss = 0) {
    Detections detections;
    truth.clear();
    for (size_t i = 0; i < people_.size(); i++) {
      Walker& w = people_[i];
      w.x += w.dx;
      w.y += w.dy;
      if (w.x < 0 || w.x > width_) w.dx = -w.dx;
      if (w.y < 0 || w.y > height_) w.dy = -w.dy;
      if (uniform(0, 1) < miss) continue;
      const float x = w.x + uniform(-1, 1), y = w.y + uniform(-1, 1);
      detections.boxes.push_back({x - w.size / 2, y - w.size, x + w.size / 2, y + w.size});
      detections.scores.push_back(uniform(0.7f, 0.95f));
      detections.classes.push_back(0);
      truth.push_back(static_cast<int32_t>(i));
    }
    return detections;
  }
  std::vector<int32_t> truth;  // of the last detections

 private:
  struct Walker {
    float x, y, dx, dy, size;
  };
  float uniform(float low, float high) { return std::uniform_real_distribution<float>(low, high)(random_); }
  std::mt19937 random_;
  float width_, height_;
  std::vector<Walker> people_;
};

Detections single(const Box& box, float score = 0.9f) {
  Detections detections;
  detections.boxes = {box};
  detections.scores = {score};
  detections.classes = {0};
  return detections;
}

Box at(float x, float y, float size = 80) {
  return {x, y, x + size, y + size};
}

double costOf(const CostMatrix& costs, const Assignment& assignment, float limit) {
  double cost = 0;
  int32_t out = costs.rows() + costs.columns();
  for (int32_t i = 0; i < costs.rows(); i++) {
    if (assignment.rowToColumn[i] < 0) continue;
    cost += costs.at(i, assignment.rowToColumn[i]);
    out -= 2;
  }
  return cost + out * limit / 2.0;
}

// The cheapest way to match rows from `row` on, by trying everything.
double bestCost(const CostMatrix& costs, float limit, int32_t row, uint32_t used) {
  if (row == costs.rows()) return (costs.columns() - __builtin_popcount(used)) * limit / 2.0;
  double best = limit / 2.0 + bestCost(costs, limit, row + 1, used);
  for (int32_t j = 0; j < costs.columns(); j++) {
    if (used & (1u << j)) continue;
    best = std::min(best, costs.at(row, j) + bestCost(costs, limit, row + 1, used | (1u << j)));
  }
  return best;
}

int32_t perf() {
  for (const Association association : {Association::standard, Association::bytetrack}) {
    for (const int32_t objects : {5, 20, 100, 500}) {
      const float side = std::sqrt(static_cast<float>(objects) / 20);
      Walkers walkers(objects, 7, 1920 * side, 1080 * side);
      std::vector<Detections> frames;
      for (int32_t i = 0; i < 300; i++) frames.push_back(walkers.next(0.05f));
      TrackerOptions options;
      options.association = association;
      int64_t updates = 0;
      const int64_t start = threadCpuNs();
      while (threadCpuNs() - start < 500'000'000) {
        const std::unique_ptr<Tracker> tracker = makeTracker(options);
        for (size_t i = 0; i < frames.size(); i++, updates++)
          tracker->update(frames[i], static_cast<int64_t>(i) * 33'333);
      }
      std::printf("{\"association\":\"%s\",\"objects\":%d,\"updatesPerSecond\":%.0f}\n",
                  association == Association::standard ? "standard" : "bytetrack", objects,
                  static_cast<double>(updates) / (static_cast<double>(threadCpuNs() - start) / 1e9));
    }
  }
  return 0;
}

}  // namespace

TEST(assignment_is_as_cheap_as_trying_everything) {
  std::mt19937 random(3);
  for (int32_t round = 0; round < 400; round++) {
    const int32_t rows = static_cast<int32_t>(random() % 6), columns = static_cast<int32_t>(random() % 6);
    CostMatrix costs(rows, columns);
    for (int32_t i = 0; i < rows; i++) {
      for (int32_t j = 0; j < columns; j++) costs.at(i, j) = static_cast<float>(random() % 100) / 80;
    }
    const float limit = 0.8f;
    const Assignment assignment = assign(costs, limit);
    CHECK_NEAR(costOf(costs, assignment, limit), bestCost(costs, limit, 0, 0), 1e-5);
    for (int32_t i = 0; i < rows; i++) {
      const int32_t j = assignment.rowToColumn[i];
      if (j < 0) continue;
      CHECK_EQUAL(assignment.columnToRow[j], i);
      CHECK(costs.at(i, j) < limit);
    }
  }
}

TEST(a_pair_at_the_limit_is_left_out) {
  CostMatrix costs(1, 1, 0.5f);
  const Assignment at = assign(costs, 0.5f), above = assign(costs, 0.51f);
  CHECK_EQUAL(at.rowToColumn[0], -1);
  CHECK_EQUAL(above.rowToColumn[0], 0);
}

TEST(the_filter_learns_a_constant_velocity) {
  BoxFilter filter(at(0, 100));
  for (int32_t i = 1; i <= 60; i++) {
    filter.predict();
    filter.update(at(5.0f * static_cast<float>(i), 100));
  }
  CHECK_NEAR(filter.velocityX(), 5, 0.05);
  CHECK_NEAR(filter.velocityY(), 0, 0.05);
  filter.predict(true);
  CHECK_NEAR(filter.box().x1, 305, 1);
  CHECK_NEAR(filter.box().height(), 80, 0.5);
}

TEST(ids_are_permanent_and_unique_under_misses) {
  for (const Association association : {Association::standard, Association::bytetrack}) {
    TrackerOptions options;
    options.association = association;
    const std::unique_ptr<Tracker> tracker = makeTracker(options);
    Walkers walkers(5, 11, 4000, 3000);
    std::map<int64_t, std::set<int32_t>> peopleOf;
    for (int32_t frame = 0; frame < 400; frame++) {
      const Detections detections = walkers.next(0.1f);
      std::set<int64_t> inFrame;
      for (const framepath::Track& track : tracker->update(detections, frame * 33'333).items) {
        CHECK(inFrame.insert(track.track).second);
        CHECK(track.detection >= 0 && track.detection < static_cast<int32_t>(detections.size()));
        peopleOf[track.track].insert(walkers.truth[track.detection]);
      }
    }
    CHECK_EQUAL(peopleOf.size(), size_t{5});
    for (const auto& [track, people] : peopleOf) CHECK_EQUAL(people.size(), size_t{1});
  }
}

TEST(the_same_detections_give_the_same_tracks) {
  for (const Association association : {Association::standard, Association::bytetrack}) {
    std::vector<std::vector<std::tuple<int64_t, float, float, int32_t>>> runs;
    for (int32_t run = 0; run < 2; run++) {
      TrackerOptions options;
      options.association = association;
      const std::unique_ptr<Tracker> tracker = makeTracker(options);
      Walkers walkers(40, 5, 800, 600);
      auto& rows = runs.emplace_back();
      for (int32_t frame = 0; frame < 200; frame++) {
        for (const framepath::Track& t : tracker->update(walkers.next(0.2f), frame * 33'333).items) {
          rows.emplace_back(t.track, t.box.x1, t.box.y2, t.marks);
        }
      }
    }
    CHECK(!runs[0].empty());
    CHECK(runs[0] == runs[1]);
  }
}

TEST(a_dropped_frame_loses_nothing) {
  for (const Association association : {Association::standard, Association::bytetrack}) {
    TrackerOptions options;
    options.association = association;
    const std::unique_ptr<Tracker> tracker = makeTracker(options);
    int64_t id = 0;
    float x = 0;
    for (int32_t frame = 0; frame < 200; frame++, x += 6) {
      if (frame > 20 && frame % 4 != 0) {
        tracker->predict(frame * 33'333);
        continue;
      }
      const Tracks tracks = tracker->update(single(at(x, 100)), frame * 33'333);
      if (frame < 2) continue;
      CHECK_EQUAL(tracks.items.size(), size_t{1});
      if (tracks.items.empty()) return;
      if (!id) id = tracks.items[0].track;
      CHECK_EQUAL(tracks.items[0].track, id);
      CHECK(!(tracks.items[0].marks & kTrackRecovered));
    }
  }
}

TEST(a_track_is_found_again_within_the_buffer_and_not_after) {
  for (const int32_t gap : {20, 60}) {
    const std::unique_ptr<Tracker> tracker = makeTracker({});
    int64_t first = 0;
    for (int32_t frame = 0; frame < 30; frame++) {
      for (const auto& track : tracker->update(single(at(200, 200)), frame * 33'333).items) first = track.track;
    }
    for (int32_t frame = 0; frame < gap; frame++) CHECK(tracker->update({}, (30 + frame) * 33'333).items.empty());
    int64_t second = 0;
    uint8_t marks = 0;
    for (int32_t frame = 0; frame < 3; frame++) {
      for (const auto& track : tracker->update(single(at(200, 200)), (30 + gap + frame) * 33'333).items) {
        second = track.track, marks |= track.marks;
      }
    }
    CHECK_EQUAL(first == second, gap == 20);
    CHECK_EQUAL((marks & kTrackRecovered) != 0, gap == 20);
    CHECK_EQUAL((marks & kTrackNew) != 0, gap == 60);
  }
}

TEST(low_scores_continue_tracks_and_start_none) {
  const std::unique_ptr<Tracker> tracker = makeTracker({});
  for (int32_t frame = 0; frame < 10; frame++) CHECK(tracker->update(single(at(100, 100), 0.3f), frame).items.empty());
  for (int32_t frame = 0; frame < 10; frame++) tracker->update(single(at(100, 100), 0.9f), frame);
  CHECK_EQUAL(tracker->update(single(at(100, 100), 0.3f), 0).items.size(), size_t{1});
}

TEST(crossing_tracks_are_marked_overlapping_then_separated) {
  const std::unique_ptr<Tracker> tracker = makeTracker({});
  std::map<int64_t, std::vector<uint8_t>> marks;
  for (int32_t frame = 0; frame < 60; frame++) {
    Detections detections = single(at(100 + 5.0f * static_cast<float>(frame), 100));
    detections.boxes.push_back(at(400 - 5.0f * static_cast<float>(frame), 150));
    detections.scores.push_back(0.8f);
    detections.classes.push_back(0);
    for (const auto& track : tracker->update(detections, frame * 33'333).items)
      marks[track.track].push_back(track.marks);
  }
  CHECK_EQUAL(marks.size(), size_t{2});
  for (const auto& [track, list] : marks) {
    CHECK(list.front() & kTrackNew);
    CHECK_EQUAL(std::count_if(list.begin(), list.end(), [](uint8_t m) { return m & kTrackSeparated; }), 1);
    CHECK(std::any_of(list.begin(), list.end(), [](uint8_t m) { return m & kTrackOverlapping; }));
    CHECK(!(list.back() & kTrackOverlapping));
  }
}

TEST(odd_detections_do_no_harm) {
  for (const Association association : {Association::standard, Association::bytetrack}) {
    TrackerOptions options;
    options.association = association;
    const std::unique_ptr<Tracker> tracker = makeTracker(options);
    std::mt19937 random(9);
    const float values[] = {0, -1, 1e-9f, 1, 50, 1e6f, -1e6f, 3e38f, NAN, INFINITY};
    for (int32_t frame = 0; frame < 500; frame++) {
      Detections detections;
      for (uint32_t i = 0; i < random() % 8; i++) {
        const auto pick = [&] { return values[random() % (frame % 2 ? 10 : 5)]; };
        detections.boxes.push_back({pick(), pick(), pick(), pick()});
        detections.scores.push_back(static_cast<float>(random() % 100) / 99);
        detections.classes.push_back(0);
      }
      for (const auto& track : tracker->update(detections, frame).items) {
        CHECK(std::isfinite(track.box.x1) && std::isfinite(track.box.y1) && std::isfinite(track.box.x2) &&
              std::isfinite(track.box.y2));
      }
    }
  }
}

TEST(options_outside_their_range_are_refused) {
  TrackerOptions options;
  options.fps = 0;
  CHECK_ERROR(makeTracker(options), INVALID_ARGUMENT);
  options = {};
  options.matchGate = NAN;
  CHECK_ERROR(makeTracker(options), INVALID_ARGUMENT);
  options = {};
  options.bufferMs = -1;
  CHECK_ERROR(makeTracker(options), INVALID_ARGUMENT);
}

TEST(mot_text_goes_round) {
  const std::vector<MotRow> rows = parseMot("1,3,10.5,20,30,40,0.9,-1,-1,-1\r\n\n2 4 1 2 3 4\n");
  CHECK_EQUAL(rows.size(), size_t{2});
  CHECK_EQUAL(rows[0].id, 3);
  CHECK_NEAR(rows[0].box.x2, 40.5, 1e-5);
  CHECK_NEAR(rows[1].score, 1, 0);
  CHECK_EQUAL(formatMot(parseMot(formatMot(rows))), formatMot(rows));
  CHECK_ERROR(parseMot("1,2,x,4,5,6\n"), INVALID_ARGUMENT);
  CHECK_ERROR(parseMot("1,2,3\n"), INVALID_ARGUMENT);
  CHECK_ERROR(parseMot("0,2,3,4,5,6\n"), INVALID_ARGUMENT);
}

TEST(tracking_mot_text_keeps_frames_and_counts_empty_ones) {
  std::string text;
  for (int32_t frame = 1; frame <= 20; frame++) text += std::to_string(frame) + ",-1,100,100,50,80,0.9\n";
  for (int32_t frame = 100; frame <= 110; frame++) text += std::to_string(frame) + ",-1,100,100,50,80,0.9\n";
  const std::vector<MotRow> rows = parseMot(trackMot(text, {}));
  CHECK_EQUAL(rows.front().frame, 1);
  CHECK_EQUAL(rows.back().frame, 110);
  CHECK(rows.front().id != rows.back().id);
}

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--perf") == 0) return perf();
  return check::main(argc, argv);
}
