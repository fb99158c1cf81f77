// Whole runs with live sources: the canvas follows the clock on the wall, and nobody waits for anybody.
#include <functional>
#include <set>

#include "device_pictures.h"
#include "pipeline_sources.h"

using namespace pipeline_run;

namespace {

constexpr int kWidth = 64, kHeight = 48;

SourceSpec liveSource(const std::string& id, bool live = true) {
  SourceSpec source = pushedSource(id);
  source.format = pixelFormat::gray8;
  source.live = live;
  source.fps = 25;
  return source;
}

// The picture of number n: a flat grey that differs from that of the pictures around it.
uint8_t greyOf(int n) {
  return static_cast<uint8_t>(40 + n % 16 * 12);
}

// Pushes pictures at their own pace from a thread of its own.
class Camera {
 public:
  Camera(PipelineRun& run, std::string id, double fps, int frames, bool ends = true)
      : thread_([&run, id = std::move(id), fps, frames, ends] {
          const auto start = std::chrono::steady_clock::now();
          for (int n = 0; n < frames; n++) {
            const auto us = static_cast<int64_t>(n * 1e6 / fps);
            std::this_thread::sleep_until(start + std::chrono::microseconds(us));
            const std::vector<uint8_t> pixels(kWidth * kHeight, greyOf(n));
            std::promise<bool> taken;
            run.pipeline->pushFrame(id, pixels.data(), pixels.size(), us, [&](bool ok) { taken.set_value(ok); });
            if (!within(taken.get_future(), "room for a pushed frame", run.seed)) return;
          }
          if (ends) run.pipeline->endFrames(id, std::nullopt);
        }) {}
  ~Camera() { thread_.join(); }

 private:
  std::thread thread_;
};

// The luma of every canvas at a place.
std::vector<int> lumaAt(const std::string& path, int x, int y) {
  media::SourceOptions options;
  options.uri = path;
  const auto reader = media::openSource(options, openDevice("cpu"));
  std::vector<int> values;
  while (const FrameRef frame = reader->next()) {
    waitHost(frame->ready);
    const Plane& plane = frame->view.planes[0];
    values.push_back(plane.data[y * plane.pitchBytes + x]);
  }
  return values;
}

// How often a picture is another than the one before.
int changes(const std::vector<int>& values) {
  int n = 0;
  for (size_t i = 1; i < values.size(); i++) n += std::abs(values[i] - values[i - 1]) > 5;
  return n;
}

PipelineSpec cameras(const std::vector<SourceSpec>& sources, const std::string& path) {
  PipelineSpec spec;
  spec.sources = sources;
  composition(spec).layout = canvas(compose::LayoutKind::grid, static_cast<int>(sources.size()), 320, 192);
  composition(spec).layout.fpsNum = 25;
  composition(spec).layout.staleAfterMs = 500;
  composition(spec).outputs = {encoded(path)};
  if (const char* device = std::getenv("FRAMEPATH_TEST_DEVICE"); device && *device) spec.device.value = device;
  return spec;
}

// Whether what depends on the clock on the wall came about.
struct Timing {
  bool kept = true;
  void expect(bool condition, const char* what) {
    if (!condition) std::printf("  not in time: %s\n", what);
    kept = kept && condition;
  }
};

#define IN_TIME(condition) timing.expect(condition, #condition)

// A machine that stands still for a moment spoils one attempt, not three.
void inTime(const std::function<void(Timing&)>& attempt) {
  for (int n = 1; n <= 3; n++) {
    Timing timing;
    attempt(timing);
    if (timing.kept) return;
  }
  check::fail(__FILE__, __LINE__, "three attempts were not in time");
}

}  // namespace

TEST(a_healthy_camera_keeps_its_rate_beside_slow_silent_and_ended_ones) {
  inTime([](Timing& timing) {
    const std::string path = folder().file("cameras.mp4");
    PipelineSpec spec =
        cameras({liveSource("good"), liveSource("slow"), liveSource("silent"), liveSource("gone")}, path);
    spec.inFlight = 1;  // live sources hold nothing for the canvas
    PipelineRun run(std::move(spec), 1);
    run.pipeline->start();
    run.pipeline->discard();
    {
      const Camera good(run, "good", 25, 40), slow(run, "slow", 5, 8), gone(run, "gone", 25, 10);
      std::this_thread::sleep_for(std::chrono::milliseconds(1650));
      run.pipeline->endFrames("silent", std::nullopt);
    }
    CHECK(!run.waitDone());
    run.pipeline->close(true);
    const Report report = run.closed();
    // Cells of 160x96: good | slow over silent | gone.
    const std::vector<int> good = lumaAt(path, 80, 40), slow = lumaAt(path, 240, 40), silent = lumaAt(path, 8, 104),
                           gone = lumaAt(path, 248, 104);
    std::printf("  %zu canvases: good %d, slow %d; %lld of %lld taken\n", good.size(), changes(good), changes(slow),
                static_cast<long long>(report.sources[0].counts.delivered),
                static_cast<long long>(report.sources[0].counts.in));
    IN_TIME(good.size() >= 39 && good.size() <= 50);
    if (good.size() < 39) return;
    IN_TIME(changes(good) >= 38);
    IN_TIME(changes(slow) >= 6 && changes(slow) <= 9);
    IN_TIME(std::abs(silent[30] - 52) <= 3);  // its card
    // The last picture is held until it is stale; then a card.
    IN_TIME(std::abs(gone[20] - greyOf(9)) <= 6);
    IN_TIME(std::abs(gone[36] - 52) <= 3);
  });
}

TEST(a_file_plays_at_its_own_times_beside_a_camera) {
  inTime([](Timing& timing) {
    const std::string path = folder().file("file-and-camera.mp4");
    PipelineRun run(cameras({liveSource("camera"), fileSource("left", left())}, path), 2);
    const auto start = std::chrono::steady_clock::now();
    run.pipeline->start();
    run.pipeline->discard();
    { const Camera camera(run, "camera", 25, 25); }
    CHECK(!run.waitDone());
    const auto took = std::chrono::steady_clock::now() - start;
    run.pipeline->close(true);
    const Report report = run.closed();
    IN_TIME(took > std::chrono::milliseconds(1000));  // not as fast as it decodes
    CHECK_EQUAL(report.sources[1].counts.delivered, kLeft);
    IN_TIME(report.outputs[0].result.frames >= kLeft - 1 && report.outputs[0].result.frames <= kLeft + 3);
    IN_TIME(changes(lumaAt(path, 80, 90)) >= 23);
  });
}

TEST(canvases_begin_without_a_picture_only_where_none_comes) {
  inTime([](Timing& timing) {
    const std::string path = folder().file("late-camera.mp4");
    PipelineRun run(cameras({liveSource("camera")}, path), 3);
    run.pipeline->start();
    run.pipeline->discard();
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    { const Camera camera(run, "camera", 25, 10); }
    CHECK(!run.waitDone());
    run.pipeline->close(true);
    IN_TIME(run.closed().outputs[0].result.frames <= 13);
    IN_TIME(std::abs(lumaAt(path, 160, 90).at(0) - greyOf(0)) <= 6);
  });
}

TEST(a_reserved_tile_waits_for_its_source_and_the_layout_changes_meanwhile) {
  inTime([](Timing& timing) {
    const std::string path = folder().file("reserved.mp4");
    PipelineSpec spec = cameras({liveSource("first")}, path);
    spec.open = true;
    composition(spec).layout.tiles.emplace_back();
    composition(spec).layout.tiles[1].source = -1;
    composition(spec).layout.tiles[1].reserved = "guest";
    PipelineRun run(std::move(spec), 4);
    run.pipeline->start();
    run.pipeline->discard();
    {
      const Camera first(run, "first", 25, 45, false);
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      run.pipeline->addSource(liveSource("guest"));
      { const Camera guest(run, "guest", 25, 13); }
      std::promise<void> removed;
      run.pipeline->removeSource("guest", [&] { removed.set_value(); });
      within(removed.get_future(), "the removal", run.seed);
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
      compose::LayoutSpec other = canvas(compose::LayoutKind::grid, 1, 320, 192);
      CHECK_ERROR(run.pipeline->setLayout("", canvas(compose::LayoutKind::grid, 1, 160, 96), 0), INVALID_ARGUMENT);
      CHECK_ERROR(run.pipeline->setLayout("", canvas(compose::LayoutKind::split, 3, 320, 192), 0), INVALID_ARGUMENT);
      compose::LayoutSpec reads = other;
      reads.redact.module = "faces";
      CHECK_ERROR(run.pipeline->setLayout("", reads, 0), GRAPH_INVALID);
      run.pipeline->setLayout("", other, 200'000);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    run.pipeline->close(true);
    CHECK(!run.waitDone());
    run.closed();
    const std::vector<int> right = lumaAt(path, 168, 8), centre = lumaAt(path, 164, 100);
    const auto card = [](int luma) { return std::abs(luma - 52) <= 3; };
    IN_TIME(right.size() >= 30);
    if (right.size() < 30) return;
    IN_TIME(card(right[2]));
    IN_TIME(changes(std::vector<int>(right.begin() + 10, right.begin() + 20)) >= 8);
    IN_TIME(card(right[24]));
    IN_TIME(changes(centre) >= 10);
    IN_TIME(changes(std::vector<int>(right.end() - 10, right.end() - 6)) >= 2);  // the first source's alone
  });
}

TEST_MAIN()
