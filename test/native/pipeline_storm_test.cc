// Random runs on real media: whatever is done to them while they go, they end whole.
#include <algorithm>
#include <cstdlib>

#include "infer_support.h"
#include "pipeline_sources.h"

using namespace pipeline_run;

namespace {

struct Plan {
  PipelineSpec spec;
  bool pushed = false, breaks = false;
  int silentEvery = 0;  // then modules need a time limit
  std::string path;
  std::vector<std::string> others;  // files of further outputs
};

// A smaller copy of the canvas, which may fail, and another composition, of the first source.
void addOutputs(Plan& plan, unsigned seed, Random& random) {
  const auto file = [&](const std::string& name) {
    plan.others.push_back(folder().file("storm-" + std::to_string(seed) + name));
    return encoded(plan.others.back());
  };
  if (random.once(2)) {
    OutputSpec smaller = file("-small.mkv");
    smaller.encoder.width = 64;
    if (random.once(3)) std::filesystem::create_symlink("/dev/full", smaller.path);
    plan.spec.compositions[0].outputs.push_back(std::move(smaller));
  }
  CompositionSpec& another = plan.spec.compositions.emplace_back();
  another.name = "another";
  another.layout = canvas(compose::LayoutKind::grid, 1);
  another.canvases = random.once(2);
  if (!another.canvases || random.once(2)) another.outputs = {file("-another.mkv")};
}

Plan randomPlan(unsigned seed, Random& random) {
  Plan plan;
  const int sources = random.pick(1, 3);
  for (int s = 0; s < sources; s++) {
    const std::string id = "s" + std::to_string(s);
    const int kind = random.pick(0, 5);
    plan.spec.sources.push_back(kind == 0 && !plan.pushed ? pushedSource(id)
                                : kind == 1               ? breaking(id)
                                                          : fileSource(id, kind % 2 ? left() : right()));
    plan.pushed = plan.pushed || plan.spec.sources.back().kind == SourceSpec::Kind::frames;
    plan.breaks = plan.breaks || kind == 1;
    plan.spec.sources.back().live = random.once(5);
    if (random.once(4)) plan.spec.sources.back().reader.stride = 2;
  }
  plan.silentEvery = random.once(4) ? random.pick(5, 20) : 0;
  const int modules = random.pick(0, 3);
  for (int m = 0; m < modules; m++) {
    std::vector<std::string> depends;
    if (m > 0 && random.once(2)) depends.push_back("m" + std::to_string(m - 1));
    plan.spec.modules.push_back(jsModule("m" + std::to_string(m), depends, random.once(2)));
    if (random.once(3)) {  // two sizes: some modules share what others made
      plan.spec.modules.back().input = InputSpec{};
      plan.spec.modules.back().input->width = 16 * random.pick(1, 2);
    }
    plan.spec.modules.back().stateless = random.once(4);
    Policy& policy = plan.spec.modules.back().policy;
    if (plan.spec.modules.back().stateless) policy.retry = random.pick(0, 2);
    policy.timeoutMs = plan.silentEvery || random.once(3) ? 10 : 0;  // without one tasks are prefetched
    policy.onError = random.once(8) ? OnError::fail : OnError::skip;
    policy.stride = random.once(3) ? 3 : 1;
  }
  plan.spec.inFlight = random.pick(3, 6);
  plan.spec.resultQueue = random.pick(1, 8);
  plan.spec.keepPixels = random.once(4);
  plan.spec.open = random.once(4);
  const int kind = random.pick(0, 3);
  if (kind > 0) {
    constexpr compose::LayoutKind kinds[] = {compose::LayoutKind::split, compose::LayoutKind::grid,
                                             compose::LayoutKind::focus};
    composition(plan.spec).layout = canvas(kinds[random.pick(0, 2)], sources);
    composition(plan.spec).layout.whenEnded = static_cast<compose::WhenEnded>(random.pick(0, 3));
    if (kind < 3) plan.path = folder().file("storm-" + std::to_string(seed) + (random.once(3) ? ".mkv" : ".mp4"));
    composition(plan.spec).outputs = {encoded(plan.path, kind > 1)};
    composition(plan.spec).outputs[0].encoder.profile =
        random.once(4) ? media::Profile::balanced : media::Profile::realtime;
    composition(plan.spec).outputs[0].audio = static_cast<OutputSpec::Audio>(random.pick(0, 2));
    if (random.once(3)) addOutputs(plan, seed, random);
    plan.spec.inFlight = std::max(plan.spec.inFlight, 2 * static_cast<int32_t>(plan.spec.compositions.size()) + 1);
  }
  return plan;
}

// Another layout: of all sources, or of tiles that are kept for some that are there, were there or never come.
void changeLayout(PipelineRun& run, Random& random) {
  const bool perSource = random.once(2);
  compose::LayoutSpec layout = canvas(compose::LayoutKind::grid, perSource ? 0 : random.pick(1, 4));
  layout.perSource = perSource;
  for (compose::TileSpec& tile : layout.tiles) {
    tile.source = random.pick(0, 3);
    if (random.once(2)) tile.reserved = (random.once(2) ? "late" : "s") + std::to_string(random.pick(0, 3));
  }
  try {
    run.pipeline->setLayout("0", layout, random.once(2) ? 0 : random.pick(1, 200'000));
  } catch (const Error& e) {
    if (e.code != ErrorCode::INVALID_ARGUMENT) throw;  // a source is gone, or nothing is composed
  }
}

// Sources come and go, layouts change, pictures are submitted, reports are asked for, while the run goes and after it.
void fuzz(PipelineRun& run, unsigned seed, const std::atomic<bool>& over) {
  Random random(seed * 7919);
  const std::vector<uint8_t> pixels(64 * 48 * 3, 50);
  int late = 0;
  while (!over) {
    try {
      switch (random.pick(0, 6)) {
        case 0:
          // A run that is given sources faster than it can end them does not end.
          if (late == 12) break;
          run.pipeline->addSource(fileSource("late" + std::to_string(late++), random.once(2) ? left() : right()));
          break;
        case 1: run.pipeline->removeSource("s" + std::to_string(random.pick(0, 2)), [] {}); break;
        case 2: {
          const auto queue = run.pipeline->device().openQueue();
          run.pipeline->submit(
              frameFromBytes(run.pipeline->device(), *queue, pixelFormat::rgb24, 64, 48, pixels.data(), pixels.size()),
              [](const TaskRef&) {});
          break;
        }
        case 3: run.pipeline->report(); break;
        case 4: changeLayout(run, random); break;
        default: run.pipeline->progress(); break;
      }
    } catch (const Error& e) {
      const bool expected = e.code == ErrorCode::RUN_CLOSED || e.code == ErrorCode::SOURCE_NOT_FOUND;
      if (!expected) check::fail(__FILE__, __LINE__, "concurrent fuzzing threw " + e.sentence);
    }
    random.pause(20'000);
  }
}

void storm(unsigned seed) {
  Random random(seed);
  Plan plan = randomPlan(seed, random);
  const bool packets = !plan.spec.compositions.empty() && plan.spec.compositions[0].outputs[0].packets,
             open = plan.spec.open, canvases = plan.spec.compositions.size() > 1 && plan.spec.compositions[1].canvases;
  const bool heard = packets && plan.spec.compositions[0].outputs[0].audio != OutputSpec::Audio::none;
  PipelineRun run(std::move(plan.spec), seed);
  run.answerer.delayUs = random.pick(0, 400);
  run.answerer.failEvery = random.once(3) ? random.pick(3, 30) : 0;
  run.answerer.silentEvery = plan.silentEvery;
  run.pipeline->start();
  const auto later = [](auto body) { return std::async(std::launch::async, body); };
  std::atomic<bool> over{false};
  std::vector<std::future<void>> others;
  struct Over {  // before the threads are waited for, also when this throws
    std::atomic<bool>& over;
    ~Over() { over = true; }
  } const ends{over};
  if (plan.pushed)
    others.push_back(later([&] {
      for (int s = 0; s < 3; s++) try {
          if (run.pipeline->spec().sources.at(static_cast<size_t>(s)).kind == SourceSpec::Kind::frames)
            push(run, "s" + std::to_string(s), 30);
        } catch (const std::exception&) {
        }
    }));
  // Without a reader the run waits once 256 packets are kept: with those of audio too, sooner than it may end.
  if (packets && (random.once(2) || heard))
    others.push_back(later([&, pause = random.pick(0, 3000)] { CHECK(run.takePackets(pause).ordered); }));
  if (canvases) others.push_back(later([&] { run.takeCanvases(); }));  // without a reader the run waits
  if (random.once(2)) others.push_back(later([&] { fuzz(run, seed, over); }));

  // 0: to the end; 1: nobody reads, close; 2: discard; 3: break; 4: abort. An open run never ends by itself.
  const int how = random.pick(open ? 1 : 0, 4);
  const int stopAfter = random.pick(0, 40);
  Seen seen;
  if (how == 1) random.pause(200'000);
  if (how == 2) {
    run.pipeline->discard();
    if (open || packets || canvases)
      random.pause(300'000);
    else
      run.waitDone();
  }
  if (open && how >= 3)  // closed by somebody else while next() waits
    others.push_back(later([&, pauseUs = random.pick(0, 200'000)] {
      std::this_thread::sleep_for(std::chrono::microseconds(pauseUs));
      run.pipeline->close(how != 4);
    }));
  if (how == 0 || how >= 3)
    while (!seen.ended && (how == 0 || open || seen.total < stopAfter)) {
      try {
        seen.take(run.next(static_cast<size_t>(random.pick(1, 6))));
      } catch (const Error& e) {
        CHECK(open && e.code == ErrorCode::RUN_CLOSED);
        break;
      }
      if (random.once(8)) random.pause(3000);
    }
  if (how == 0 && !packets && !canvases) run.waitDone();
  run.pipeline->close(how != 4);
  over = true;
  for (auto& other : others) within(std::move(other), "the end of a thread", seed);
  const Report report = run.closed();
  CHECK(seen.ordered && seen.timesGrow);
  int64_t delivered = 0;
  for (const SourceReport& source : report.sources) delivered += source.counts.delivered;
  if (how != 2) CHECK_EQUAL(delivered, seen.total);
  if (plan.path.empty() || report.outputs.empty() || report.outputs[0].result.frames == 0) return;
  if (how == 4)
    clip::output("ffmpeg -nostdin -v fatal -y -i " + plan.path + " -f null -");
  else
    CHECK_EQUAL(playedFrames(plan.path), report.outputs[0].result.frames);
  std::filesystem::remove(plan.path);
  for (const OutputReport& output : report.outputs) {
    const auto& known = plan.others;
    if (std::ranges::find(known, output.result.path) == known.end()) continue;
    const bool fails = std::filesystem::is_symlink(output.result.path);
    if (how != 4 && !fails && output.result.frames > 0)
      CHECK_EQUAL(playedFrames(output.result.path), output.result.frames);
    std::filesystem::remove(output.result.path);
  }
}

}  // namespace

// FRAMEPATH_PIPELINE_RUNS (default 25) from FRAMEPATH_SEED on.
TEST(random_runs_end_whole_whatever_is_done_to_them) {
  const uint32_t first = check::firstSeed(), end = first + check::cases("FRAMEPATH_PIPELINE_RUNS", 25);
  for (uint32_t s = first; s != end; s++) {
    const int before = check::failures();
    try {
      storm(s);
    } catch (const std::exception& e) {
      check::fail(__FILE__, __LINE__, std::string("threw: ") + e.what());
    }
    if (check::failures() == before) continue;
    std::printf("  seed %u\n", s);
    return;
  }
}

TEST_MAIN()
