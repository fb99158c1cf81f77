// Whole runs on real media: decode, modules answered from outside, composition, encoding; ended in every way there is.
#include <cstdlib>

#include "infer_support.h"
#include "pipeline_run.h"

using namespace pipeline_run;

namespace {

const clip::TempFolder& folder() {
  static const clip::TempFolder shared;
  return shared;
}

std::string made(const std::string& name, const std::string& arguments) {
  const std::string path = folder().file(name);
  if (!std::filesystem::exists(path)) clip::ffmpeg(arguments + " " + path);
  return path;
}

std::string moving(const std::string& size, int fps, int frames) {
  const std::string rate = std::to_string(fps), seconds = std::to_string(double(frames) / fps);
  return "-f lavfi -i testsrc2=size=" + size + ":rate=" + rate + ":duration=" + seconds +
         " -f lavfi -i sine=frequency=440:duration=" + seconds + " -pix_fmt yuv420p -frames:v " +
         std::to_string(frames) + " ";
}

constexpr int kLeft = 30, kRight = 45;
std::string left() {
  return made("left.mp4", moving("160x120", 25, kLeft) + "-c:v libx264 -preset ultrafast -bf 2 -g 10 -c:a aac");
}
std::string right() {
  return made("right.mkv", moving("128x96", 30, kRight) + "-c:v mpeg4 -c:a aac");
}

// Good pictures, then nothing that can be decoded: fails in the middle, after maxDecodeErrors.
SourceSpec breaking(const std::string& id) {
  const std::string path = folder().file("breaking.avi");
  if (!std::filesystem::exists(path)) {
    const std::string whole = made("whole.avi", moving("128x96", 25, 40) + "-an -c:v mjpeg -q:v 4");
    std::vector<uint8_t> bytes = clip::bytesOf(whole);
    int pictures = 0;  // the chunks after the 15th have sizes and no pictures
    for (size_t i = 0; i + 8 < bytes.size(); i++) {
      if (std::memcmp(&bytes[i], "00dc", 4) != 0) continue;
      uint32_t size = 0;
      std::memcpy(&size, &bytes[i + 4], 4);
      if (i + 8 + size > bytes.size()) break;
      if (++pictures > 15) std::memset(&bytes[i + 8], 0x55, size);
      i += 7 + size;
    }
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  SourceSpec source = fileSource(id, path);
  source.reader.maxDecodeErrors = 3;
  return source;
}

SourceSpec pushedSource(const std::string& id) {
  SourceSpec source;
  source.id = id;
  source.kind = SourceSpec::Kind::frames;
  source.width = 64;
  source.height = 48;
  source.format = pixelFormat::rgb24;
  return source;
}

// Pushes as fast as it is let to; ends the source unless it is gone. Returns how many were taken.
int push(PipelineRun& run, const std::string& id, int frames) {
  const std::vector<uint8_t> pixels(64 * 48 * 3, 90);
  int taken = 0;
  for (int i = 0; i < frames; i++) {
    auto promise = std::make_shared<std::promise<bool>>();
    run.pipeline->pushFrame(id, pixels.data(), pixels.size(), i * 40'000,
                            [promise](bool ok) { promise->set_value(ok); });
    if (!within(promise->get_future(), "room for a pushed frame", run.seed)) return taken;
    taken++;
  }
  run.pipeline->endFrames(id, std::nullopt);
  return taken;
}

PipelineSpec twoSources() {
  PipelineSpec spec;
  spec.sources = {fileSource("left", left()), fileSource("right", right())};
  return spec;
}

}  // namespace

TEST(two_sources_reach_results_file_and_packets) {
  PipelineSpec spec = twoSources();
  spec.modules = {jsModule("look", {}, true), jsModule("after", {"look"})};
  spec.layout = canvas(compose::LayoutKind::split, 2);
  const std::string path = folder().file("two.mp4");
  spec.output = encoded(path, true);
  PipelineRun run(std::move(spec), 1);
  run.pipeline->start();
  auto packets = std::async(std::launch::async, [&] { return run.takePackets(); });
  const Seen seen = run.drain();
  const Packets taken = packets.get();
  CHECK(!run.waitDone());
  run.pipeline->close(true);
  const Report report = run.closed();
  CHECK(!seen.error && seen.ordered && seen.timesGrow);
  CHECK_EQUAL(seen.total, kLeft + kRight);
  CHECK_EQUAL(run.answerer.picturesSeen.load(), kLeft + kRight);
  CHECK(taken.ordered);
  CHECK_EQUAL(report.outputs.size(), size_t{1});
  CHECK(report.outputs[0].complete && report.outputs[0].hasAudio);
  CHECK_EQUAL(taken.count, report.outputs[0].frames);
  CHECK_EQUAL(report.outputs[0].frames, kRight);  // both last 1.5 s or less; 30 frames a second
  CHECK_EQUAL(playedFrames(path), report.outputs[0].frames);
}

TEST(an_encode_only_user_never_iterates) {
  PipelineSpec spec = twoSources();
  spec.layout = canvas(compose::LayoutKind::grid, 2);
  const std::string path = folder().file("discarded.mp4");
  spec.output = encoded(path);
  PipelineRun run(std::move(spec), 2);
  run.pipeline->start();
  run.pipeline->discard();
  CHECK(!run.waitDone());
  run.pipeline->close(true);
  run.pipeline->close(false);  // again: nothing more happens
  const Report report = run.closed();
  for (const SourceReport& source : report.sources) CHECK_EQUAL(source.counts.delivered, source.counts.in);
  CHECK_EQUAL(playedFrames(path), report.outputs[0].frames);
}

TEST(a_source_that_fails_in_the_middle_leaves_the_others_and_an_incomplete_file) {
  PipelineSpec spec;
  spec.sources = {breaking("bad"), fileSource("right", right())};
  spec.layout = canvas(compose::LayoutKind::split, 2);
  spec.layout->whenEnded = compose::WhenEnded::placeholder;
  const std::string path = folder().file("failed-source.mp4");
  spec.output = encoded(path);
  PipelineRun run(std::move(spec), 3);
  run.pipeline->start();
  const Seen seen = run.drain();
  CHECK(!run.waitDone());
  run.pipeline->close(true);
  const Report report = run.closed();
  CHECK(report.sources[0].counts.error && report.sources[0].counts.error->code == ErrorCode::DECODE_FAILED);
  CHECK(report.sources[0].counts.delivered >= 10 && report.sources[0].counts.delivered <= 20);
  CHECK_EQUAL(report.sources[1].counts.delivered, kRight);
  CHECK(!seen.error);
  CHECK(!report.outputs[0].complete);
  CHECK_EQUAL(report.recoveries.size(), size_t{1});
  CHECK_EQUAL(playedFrames(path), report.outputs[0].frames);
}

TEST(a_break_ends_the_file_with_what_was_composed) {
  PipelineSpec spec = twoSources();
  spec.modules = {jsModule("look")};
  spec.layout = canvas(compose::LayoutKind::split, 2);
  const std::string path = folder().file("broken-off.mp4");
  spec.output = encoded(path);
  PipelineRun run(std::move(spec), 4);
  run.pipeline->start();
  Seen seen;
  while (seen.total < 20) seen.take(run.next(4));
  run.pipeline->close(true);
  CHECK(!run.waitDone());
  const Report report = run.closed();
  CHECK(!report.outputs[0].complete);
  CHECK(report.outputs[0].frames > 0 && report.outputs[0].frames < kRight);
  CHECK_EQUAL(playedFrames(path), report.outputs[0].frames);
  CHECK_ERROR(run.pipeline->next(1, [](Delivery) {}), RUN_CLOSED);
}

TEST(a_module_that_fails_ends_the_run_with_its_name) {
  PipelineSpec spec = twoSources();
  spec.modules = {jsModule("look")};
  spec.layout = canvas(compose::LayoutKind::split, 2);
  spec.output = encoded(folder().file("failed-module.mp4"));
  PipelineRun run(std::move(spec), 5);
  run.answerer.failEvery = 12;
  run.pipeline->start();
  const Seen seen = run.drain();
  const std::optional<Error> error = run.waitDone();
  run.pipeline->close(true);
  const Report report = run.closed();
  CHECK(seen.error && seen.error->code == ErrorCode::MODULE_FAILED && seen.error->module == "look");
  CHECK(error && error->code == ErrorCode::MODULE_FAILED);
  CHECK(!report.outputs[0].complete);
}

TEST(a_module_that_never_answers_is_skipped_by_its_timeout) {
  PipelineSpec spec;
  spec.sources = {fileSource("left", left())};
  spec.modules = {jsModule("slow")};
  spec.modules[0].policy.timeoutMs = 20;
  spec.modules[0].policy.onError = OnError::skip;
  PipelineRun run(std::move(spec), 6);
  run.answerer.silentEvery = 5;
  run.pipeline->start();
  const Seen seen = run.drain();
  run.pipeline->close(true);
  run.closed();
  CHECK_EQUAL(seen.total, kLeft);
  CHECK(!seen.error);
}

TEST(pushed_frames_submitted_pictures_and_joining_sources) {
  PipelineSpec spec;
  spec.sources = {pushedSource("camera")};
  spec.modules = {jsModule("look")};
  spec.open = true;
  PipelineRun run(std::move(spec), 7);
  run.pipeline->start();
  run.pipeline->discard();
  auto pushing = std::async(std::launch::async, [&] { return push(run, "camera", 40); });
  run.pipeline->addSource(fileSource("late", left()));
  CHECK_ERROR(run.pipeline->addSource(fileSource("missing", folder().file("missing.mp4"))), SOURCE_NOT_FOUND);
  std::promise<bool> submitted;
  const std::vector<uint8_t> pixels(64 * 48 * 3, 7);
  const auto queue = run.pipeline->device().openQueue();
  run.pipeline->submit(
      frameFromBytes(run.pipeline->device(), *queue, pixelFormat::rgb24, 64, 48, pixels.data(), pixels.size()),
      [&](const TaskRef& task) { submitted.set_value(!task->error); });
  CHECK(within(submitted.get_future(), "the submitted picture", 7));
  CHECK_EQUAL(pushing.get(), 40);
  std::promise<void> removed;
  bool running = true;
  try {
    run.pipeline->removeSource("late", [&] { removed.set_value(); });
  } catch (const Error& e) {
    running = false;  // it may have ended
    CHECK(e.code == ErrorCode::SOURCE_NOT_FOUND);
  }
  if (running) within(removed.get_future(), "the removal", 7);
  run.pipeline->close(true);
  const Report report = run.closed();
  CHECK_EQUAL(report.sources.size(), size_t{2});
  CHECK_EQUAL(report.sources[0].counts.in, 40);
}

TEST(a_submitted_picture_is_finished_when_the_run_is_closed_before_it) {
  PipelineSpec spec;
  spec.sources = {pushedSource("camera")};
  spec.modules = {jsModule("look")};
  spec.modules[0].policy.timeoutMs = 60'000;
  PipelineRun run(std::move(spec), 8);
  run.answerer.silentEvery = 1;
  run.pipeline->start();
  const auto held = push(run, "camera", 1);
  CHECK_EQUAL(held, 1);
  const std::vector<uint8_t> pixels(64 * 48 * 3, 7);
  std::vector<std::promise<bool>> cancelled(3);
  const auto queue = run.pipeline->device().openQueue();
  for (auto& promise : cancelled)
    run.pipeline->submit(
        frameFromBytes(run.pipeline->device(), *queue, pixelFormat::rgb24, 64, 48, pixels.data(), pixels.size()),
        [&promise](const TaskRef& task) { promise.set_value(task->error.has_value()); });
  run.pipeline->close(false);
  for (auto& promise : cancelled) within(promise.get_future(), "the end of a submitted picture", 8);
  run.closed();
}

TEST(closing_while_starting_ends_both) {
  for (unsigned seed = 1; seed <= 12; seed++) {
    PipelineSpec spec = twoSources();
    spec.layout = canvas(compose::LayoutKind::split, 2);
    spec.output = encoded(folder().file("start-close.mp4"), true);
    PipelineRun run(std::move(spec), seed);
    auto starting = std::async(std::launch::async, [&] {
      try {
        run.pipeline->start();
      } catch (const Error& e) {
        CHECK(e.code == ErrorCode::RUN_CLOSED);
      }
    });
    Random random(seed);
    random.pause(30'000);
    run.pipeline->progress();
    run.pipeline->close(seed % 2);
    starting.get();
    CHECK(!run.waitDone());
    run.closed();
  }
}

TEST(what_does_not_fit_fails_at_start_and_leaves_nothing) {
  PipelineSpec missing = twoSources();
  missing.sources[1].reader.uri = folder().file("missing.mp4");
  PipelineRun first(std::move(missing), 9);
  CHECK_ERROR(first.pipeline->start(), SOURCE_NOT_FOUND);
  first.pipeline->close(false);
  first.closed();
  PipelineSpec unwritable = twoSources();
  unwritable.layout = canvas(compose::LayoutKind::split, 2);
  unwritable.output = encoded(folder().file("no/such/folder/out.mp4"));
  PipelineRun second(std::move(unwritable), 10);
  CHECK_ERROR(second.pipeline->start(), OUTPUT_UNWRITABLE);
  second.pipeline->close(true);
  second.closed();
}

TEST(detection_tracking_and_identity_run_to_the_end) {
  NEED_RUNTIME();
  const std::string models = support::environment("FRAMEPATH_MODELS");
  if (models.empty() || !std::filesystem::exists(models + "/blazeface.onnx")) {
    std::printf("  skipped: FRAMEPATH_MODELS has no blazeface.onnx\n");
    return;
  }
  PipelineSpec spec = twoSources();
  spec.runtimeLibraries = {support::environment("FRAMEPATH_ORT_LIBRARY")};
  for (SourceSpec& source : spec.sources) source.reader.endMs = 600;
  ModuleSpec faces;
  faces.name = "faces";
  faces.model.file = models + "/blazeface.onnx";
  faces.policy.maxBatch = 4;
  ModuleSpec tracks;
  tracks.kind = ModuleSpec::Kind::track;
  tracks.name = "tracks";
  tracks.of = "faces";
  ModuleSpec people;
  people.kind = ModuleSpec::Kind::identify;
  people.name = "people";
  people.of = "tracks";
  people.model.file = models + "/face-recognition.onnx";
  spec.modules = {faces, tracks, people, jsModule("look", {"people"})};
  spec.snapshots = true;
  spec.layout = canvas(compose::LayoutKind::split, 2);
  for (compose::TileSpec& tile : spec.layout->tiles) tile.follow.module = "people";
  spec.layout->draw.boxes = "people";
  const std::string path = folder().file("people.mp4");
  spec.output = encoded(path);
  PipelineRun run(std::move(spec), 11);
  run.pipeline->start();
  const Seen seen = run.drain();
  CHECK(!run.waitDone());
  run.pipeline->relink();
  run.pipeline->contactSheet();
  run.pipeline->close(true);
  const Report report = run.closed();
  CHECK_EQUAL(seen.total, 15 + 18);
  CHECK_EQUAL(report.models.size(), size_t{2});
  CHECK_EQUAL(playedFrames(path), report.outputs[0].frames);
}

namespace {

struct Plan {
  PipelineSpec spec;
  bool pushed = false, breaks = false;
  std::string path;
};

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
  const int modules = random.pick(0, 3);
  for (int m = 0; m < modules; m++) {
    std::vector<std::string> depends;
    if (m > 0 && random.once(2)) depends.push_back("m" + std::to_string(m - 1));
    plan.spec.modules.push_back(jsModule("m" + std::to_string(m), depends, random.once(2)));
    Policy& policy = plan.spec.modules.back().policy;
    policy.timeoutMs = 10;
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
    plan.spec.layout = canvas(kinds[random.pick(0, 2)], sources);
    plan.spec.layout->whenEnded = static_cast<compose::WhenEnded>(random.pick(0, 3));
    if (kind < 3) plan.path = folder().file("storm-" + std::to_string(seed) + (random.once(3) ? ".mkv" : ".mp4"));
    plan.spec.output = encoded(plan.path, kind > 1);
    plan.spec.output->encoder.profile = random.once(4) ? media::Profile::balanced : media::Profile::realtime;
    plan.spec.output->audio = static_cast<OutputSpec::Audio>(random.pick(0, 2));
  }
  return plan;
}

// Sources come and go, pictures are submitted, reports are asked for, while the run goes and after it.
void meddle(PipelineRun& run, unsigned seed, const std::atomic<bool>& over) {
  Random random(seed * 7919);
  const std::vector<uint8_t> pixels(64 * 48 * 3, 50);
  for (int n = 0; !over; n++) {
    try {
      switch (random.pick(0, 5)) {
        case 0:
          run.pipeline->addSource(fileSource("late" + std::to_string(n), random.once(2) ? left() : right()));
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
        default: run.pipeline->progress(); break;
      }
    } catch (const Error& e) {
      const bool expected = e.code == ErrorCode::RUN_CLOSED || e.code == ErrorCode::SOURCE_NOT_FOUND;
      if (!expected) check::fail(__FILE__, __LINE__, "meddling threw " + e.sentence);
    }
    random.pause(20'000);
  }
}

void storm(unsigned seed) {
  Random random(seed);
  Plan plan = randomPlan(seed, random);
  const bool packets = plan.spec.output && plan.spec.output->packets, open = plan.spec.open;
  PipelineRun run(std::move(plan.spec), seed);
  run.answerer.delayUs = random.pick(0, 400);
  run.answerer.failEvery = random.once(3) ? random.pick(3, 30) : 0;
  run.answerer.silentEvery = random.once(4) ? random.pick(5, 20) : 0;
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
  if (packets && random.once(2))
    others.push_back(later([&, pause = random.pick(0, 3000)] { CHECK(run.takePackets(pause).ordered); }));
  if (random.once(2)) others.push_back(later([&] { meddle(run, seed, over); }));

  // 0: to the end; 1: nobody reads, close; 2: discard; 3: break; 4: abort. An open run never ends by itself.
  const int how = random.pick(open ? 1 : 0, 4);
  const int stopAfter = random.pick(0, 40);
  Seen seen;
  if (how == 1) random.pause(200'000);
  if (how == 2) {
    run.pipeline->discard();
    if (open || packets)
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
  if (how == 0 && !packets) run.waitDone();
  run.pipeline->close(how != 4);
  over = true;
  for (auto& other : others) within(std::move(other), "the end of a thread", seed);
  const Report report = run.closed();
  CHECK(seen.ordered && seen.timesGrow);
  int64_t delivered = 0;
  for (const SourceReport& source : report.sources) delivered += source.counts.delivered;
  if (how != 2) CHECK_EQUAL(delivered, seen.total);
  if (plan.path.empty() || report.outputs.empty() || report.outputs[0].frames == 0) return;
  if (how == 4)
    clip::output("ffmpeg -nostdin -v fatal -y -i " + plan.path + " -f null -");
  else
    CHECK_EQUAL(playedFrames(plan.path), report.outputs[0].frames);
  std::filesystem::remove(plan.path);
}

}  // namespace

// FRAMEPATH_PIPELINE_RUNS (default 25), FRAMEPATH_PIPELINE_SEED (default 1).
TEST(random_runs_end_whole_whatever_is_done_to_them) {
  const std::string runs = support::environment("FRAMEPATH_PIPELINE_RUNS"),
                    seed = support::environment("FRAMEPATH_PIPELINE_SEED");
  const int count = runs.empty() ? 25 : std::atoi(runs.c_str());
  const auto first = static_cast<unsigned>(seed.empty() ? 1 : std::atoi(seed.c_str()));
  for (unsigned s = first; s < first + static_cast<unsigned>(count); s++) {
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
