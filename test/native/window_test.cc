// Windows: the last crops of every track, kept where they were made.
#include "graph/window.h"

#include <thread>

#include "check.h"
#include "device_pictures.h"

using namespace framepath;
using namespace framepath::graph;

namespace {

constexpr int32_t kSide = 8;
constexpr size_t kCropBytes = kSide * kSide;

// Gray all over, in the value of its number.
FrameRef painted(int value) {
  const auto device = test::device();
  Image drawn = test::blank(*device, pixelFormat::gray8, 32, 32);
  drawn.view.range = ColorRange::full;
  for (int32_t y = 0; y < 32; y++)
    std::memset(drawn.view.planes[0].data + static_cast<ptrdiff_t>(y) * drawn.view.planes[0].pitchBytes, value, 32);
  const Image image = test::onDevice(*device, drawn);
  return std::make_shared<Frame>(image.view, 32, 32, image.memory);
}

Task taskOf(int value, Observation result, int32_t source = 0) {
  static const auto admission = std::make_shared<Admission>(1000, 1000);
  Task task;
  task.source = source;
  task.lease = std::make_shared<FrameLease>(painted(value), admission);
  task.observations.push_back(std::move(result));
  return task;
}

// Tracks of these numbers, all seen.
Observation seen(const std::vector<int64_t>& numbers) {
  Tracks tracks;
  for (size_t i = 0; i < numbers.size(); i++)
    tracks.items.push_back({numbers[i], static_cast<int32_t>(i), {4, 4, 28, 28}, 0.9f, 0});
  return observe(tracks);
}

InputSpec windowSpec(int32_t window, int32_t stride = 1, int32_t min = 0) {
  InputSpec spec;
  spec.width = spec.height = kSide;
  spec.format = pixelFormat::gray8;
  spec.of = "tracks";
  spec.window = window;
  spec.stride = stride;
  spec.min = min ? min : window;
  return spec;
}

struct Fixture {
  std::shared_ptr<SharedMemory> memory = SharedMemory::open(16 << 20);
  std::unique_ptr<WindowReader> open(const InputSpec& spec, size_t mostBytes = WindowReader::kMostBytes) {
    auto crops = std::make_unique<InputReader>(test::device(), memory, spec, CropSource{0, -1});
    return std::make_unique<WindowReader>(std::move(crops), spec, 0, mostBytes);
  }
};

// What each crop of a window shows: the number of its frame.
std::vector<int> values(const TrackWindow& window) {
  std::vector<int> values;
  for (const InputRef& frame : window.frames) {
    CHECK_EQUAL(frame->pictures.size(), size_t{1});
    const uint8_t* data = frame->slot->data() + frame->pictures[0].offset;
    for (size_t i = 1; i < kCropBytes; i++) CHECK_EQUAL(int{data[i]}, int{data[0]});
    values.push_back(data[0]);
  }
  return values;
}

using Values = std::vector<int>;

}  // namespace

TEST(a_track_is_included_when_its_window_is_full_oldest_first) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(3));
  for (int frame = 0; frame < 6; frame++) {
    const InputRef input = reader->read(taskOf(frame, seen({7})));
    CHECK(input->pictures.empty() && input->slot == nullptr);
    CHECK_EQUAL(input->windows.size(), size_t{frame >= 2});
    if (input->windows.empty()) continue;
    const TrackWindow& window = input->windows[0];
    CHECK(values(window) == Values({frame - 2, frame - 1, frame}));
    CHECK_EQUAL(window.track, int64_t{7});
    CHECK_EQUAL(window.item, 0);
    CHECK(window.fresh);
    CHECK_EQUAL(window.box.x2, 28.0f);
  }
}

TEST(min_shows_windows_that_still_grow) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(4, 1, 2));
  for (int frame = 0; frame < 5; frame++) {
    const InputRef input = reader->read(taskOf(frame, seen({1})));
    CHECK_EQUAL(input->windows.size(), size_t{frame >= 1});
    if (!input->windows.empty())
      CHECK_EQUAL(input->windows[0].frames.size(), static_cast<size_t>(std::min(frame + 1, 4)));
  }
}

TEST(every_stride_th_frame_of_a_track_enters) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(2, 3));
  std::vector<Values> first, second;
  std::vector<bool> fresh;
  for (int frame = 0; frame < 9; frame++) {
    // The second track comes a frame later: its stride counts its own frames.
    const InputRef input = reader->read(taskOf(frame, frame ? seen({5, 6}) : seen({5})));
    for (const TrackWindow& window : input->windows) {
      (window.track == 5 ? first : second).push_back(values(window));
      if (window.track == 5) fresh.push_back(window.fresh);
    }
  }
  CHECK(first == std::vector<Values>({{0, 3}, {0, 3}, {0, 3}, {3, 6}, {3, 6}, {3, 6}}));
  CHECK(second == std::vector<Values>({{1, 4}, {1, 4}, {1, 4}, {4, 7}, {4, 7}}));
  CHECK(fresh == std::vector<bool>({true, false, false, true, false, false}));
}

TEST(frames_in_which_nobody_saw_the_track_do_not_count) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(2));
  Tracks predicted;
  predicted.items.push_back({1, -1, {4, 4, 28, 28}, 0.9f, 0});
  CHECK(reader->read(taskOf(0, seen({1})))->windows.empty());
  CHECK(reader->read(taskOf(1, observe(predicted)))->windows.empty());
  CHECK(reader->read(taskOf(2, seen({1}).carriedOn()))->windows.empty());
  CHECK(reader->read(taskOf(3, Observation::nothing(Reason::error)))->windows.empty());
  CHECK_EQUAL(fixture.memory->leased(), size_t{1});
  const InputRef input = reader->read(taskOf(4, seen({1})));
  CHECK(values(input->windows.at(0)) == Values({0, 4}));
  CHECK(reader->read(taskOf(5, observe(predicted)))->windows.empty());  // it is not seen here
}

TEST(people_have_windows_by_their_track) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(2));
  People people;
  people.items.push_back({9, 1, {4, 4, 28, 28}, 0.9f, 0});
  reader->read(taskOf(0, observe(people)));
  people.items[0].id = 2;  // known better meanwhile
  const InputRef input = reader->read(taskOf(1, observe(people)));
  CHECK_EQUAL(input->windows.at(0).track, int64_t{9});
  CHECK(values(input->windows[0]) == Values({0, 1}));
}

TEST(sources_have_tracks_of_their_own) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(2));
  for (int frame = 0; frame < 2; frame++) {
    reader->read(taskOf(10 + frame, seen({1}), 0));
    const InputRef input = reader->read(taskOf(20 + frame, seen({1}), 1));
    if (frame) CHECK(values(input->windows.at(0)) == Values({20, 21}));
  }
  CHECK_EQUAL(fixture.memory->leased(), size_t{4});
  reader->onSourceEnded(1);
  CHECK_EQUAL(fixture.memory->leased(), size_t{2});
  reader->onSourceEnded(1);
  reader->onSourceEnded(7);
  CHECK_EQUAL(fixture.memory->leased(), size_t{2});
}

TEST(a_window_goes_with_its_track) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(3));
  for (int frame = 0; frame < 3; frame++) reader->read(taskOf(frame, seen({1})));
  CHECK_EQUAL(fixture.memory->leased(), size_t{3});
  // Frames without the tracker do not count.
  for (int frame = 0; frame < 2 * WindowReader::kGoneAfter; frame++) reader->read(taskOf(0, seen({}).carriedOn()));
  for (int frame = 0; frame < WindowReader::kGoneAfter; frame++) reader->read(taskOf(0, seen({})));
  CHECK_EQUAL(fixture.memory->leased(), size_t{3});
  reader->read(taskOf(0, seen({})));
  CHECK_EQUAL(fixture.memory->leased(), size_t{0});
  CHECK(reader->read(taskOf(0, seen({1})))->windows.empty());  // it would begin again
}

TEST(no_more_crops_are_kept_than_windows_have) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(3, 2));
  for (int frame = 0; frame < 40; frame++) {
    reader->read(taskOf(frame, seen({1, 2})));
    CHECK(fixture.memory->leased() <= 6);
  }
  CHECK_EQUAL(fixture.memory->leased(), size_t{6});
}

TEST(equal_crops_are_made_once) {
  Fixture fixture;
  const auto longer = fixture.open(windowSpec(4)), shorter = fixture.open(windowSpec(2, 1, 1));
  const Task task = taskOf(3, seen({1}));
  longer->read(task);
  CHECK_EQUAL(shorter->read(task)->windows.size(), size_t{1});
  CHECK_EQUAL(fixture.memory->leased(), size_t{1});
}

TEST(crops_in_use_outlive_the_window) {
  Fixture fixture;
  auto reader = fixture.open(windowSpec(1));
  const InputRef input = reader->read(taskOf(50, seen({1})));
  for (int frame = 0; frame < 3; frame++) reader->read(taskOf(frame, seen({1})));
  reader.reset();
  CHECK(values(input->windows.at(0)) == Values({50}));
}

TEST(windows_beyond_their_bound_are_refused_and_stay_as_they_were) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(4, 1, 1), 3 * kCropBytes);
  reader->read(taskOf(0, seen({1})));
  CHECK_ERROR(reader->read(taskOf(1, seen({1, 2, 3}))), DEVICE_OUT_OF_MEMORY);
  const InputRef input = reader->read(taskOf(2, seen({1})));
  CHECK(values(input->windows.at(0)) == Values({0, 2}));
}

TEST(shared_memory_that_is_full_is_a_coded_error_and_changes_no_window) {
  Fixture fixture;
  fixture.memory = SharedMemory::open(3 * 4096);
  const auto reader = fixture.open(windowSpec(8, 1, 1));
  reader->read(taskOf(0, seen({1})));
  CHECK_ERROR(reader->read(taskOf(1, seen({1, 2, 3}))), DEVICE_OUT_OF_MEMORY);
  CHECK(values(reader->read(taskOf(2, seen({1})))->windows.at(0)) == Values({0, 2}));
}

TEST(a_source_ends_while_another_is_read) {
  Fixture fixture;
  const auto reader = fixture.open(windowSpec(2));
  std::thread ending([&] {
    for (int i = 0; i < 200; i++) reader->onSourceEnded(i % 2);
  });
  for (int frame = 0; frame < 100; frame++) reader->read(taskOf(frame, seen({1, 2}), frame % 2));
  ending.join();
  reader->onSourceEnded(0);
  reader->onSourceEnded(1);
  CHECK_EQUAL(fixture.memory->leased(), size_t{0});
}

TEST_MAIN()
