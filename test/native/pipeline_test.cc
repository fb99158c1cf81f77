// Whole runs on real media: decode, modules answered from outside, composition, encoding; ended in every way there is.
#include "infer_support.h"
#include "pipeline_sources.h"

using namespace pipeline_run;

TEST(two_sources_reach_results_file_and_packets) {
  PipelineSpec spec = twoSources();
  spec.modules = {jsModule("look", {}, true), jsModule("after", {"look"})};
  composition(spec).layout = canvas(compose::LayoutKind::split, 2);
  const std::string path = folder().file("two.mp4");
  composition(spec).outputs = {encoded(path, true)};
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
  CHECK(report.outputs[0].result.complete && report.outputs[0].result.hasAudio);
  CHECK_EQUAL(taken.count, report.outputs[0].result.frames);
  CHECK(taken.audio > 20);  // 1.5 s in packets of 21 ms, or the source's own
  CHECK_EQUAL(report.outputs[0].result.frames, kRight);  // both last 1.5 s or less; 30 frames a second
  CHECK_EQUAL(playedFrames(path), report.outputs[0].result.frames);
}

TEST(an_encode_only_user_never_iterates) {
  PipelineSpec spec = twoSources();
  composition(spec).layout = canvas(compose::LayoutKind::grid, 2);
  const std::string path = folder().file("discarded.mp4");
  composition(spec).outputs = {encoded(path)};
  PipelineRun run(std::move(spec), 2);
  run.pipeline->start();
  run.pipeline->discard();
  CHECK(!run.waitDone());
  run.pipeline->close(true);
  run.pipeline->close(false);  // again: nothing more happens
  const Report report = run.closed();
  for (const SourceReport& source : report.sources) CHECK_EQUAL(source.counts.delivered, source.counts.in);
  CHECK_EQUAL(playedFrames(path), report.outputs[0].result.frames);
}

TEST(a_source_that_fails_in_the_middle_leaves_the_others_and_an_incomplete_file) {
  PipelineSpec spec;
  spec.sources = {breaking("bad"), fileSource("right", right())};
  composition(spec).layout = canvas(compose::LayoutKind::split, 2);
  composition(spec).layout.whenEnded = compose::WhenEnded::placeholder;
  const std::string path = folder().file("failed-source.mp4");
  composition(spec).outputs = {encoded(path)};
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
  CHECK(!report.outputs[0].result.complete);
  CHECK_EQUAL(report.recoveries.size(), size_t{1});
  CHECK_EQUAL(playedFrames(path), report.outputs[0].result.frames);
}

TEST(a_break_ends_the_file_with_what_was_composed) {
  PipelineSpec spec = twoSources();
  spec.modules = {jsModule("look")};
  composition(spec).layout = canvas(compose::LayoutKind::split, 2);
  const std::string path = folder().file("broken-off.mp4");
  composition(spec).outputs = {encoded(path)};
  PipelineRun run(std::move(spec), 4);
  run.pipeline->start();
  Seen seen;
  while (seen.total < 20) seen.take(run.next(4));
  run.pipeline->close(true);
  CHECK(!run.waitDone());
  const Report report = run.closed();
  CHECK(!report.outputs[0].result.complete);
  CHECK(report.outputs[0].result.frames > 0 && report.outputs[0].result.frames < kRight);
  CHECK_EQUAL(playedFrames(path), report.outputs[0].result.frames);
  CHECK_ERROR(run.pipeline->next(1, [](Delivery) {}), RUN_CLOSED);
}

TEST(a_module_that_fails_ends_the_run_with_its_name) {
  PipelineSpec spec = twoSources();
  spec.modules = {jsModule("look")};
  composition(spec).layout = canvas(compose::LayoutKind::split, 2);
  composition(spec).outputs = {encoded(folder().file("failed-module.mp4"))};
  PipelineRun run(std::move(spec), 5);
  run.answerer.failEvery = 12;
  run.pipeline->start();
  const Seen seen = run.drain();
  const std::optional<Error> error = run.waitDone();
  run.pipeline->close(true);
  const Report report = run.closed();
  CHECK(seen.error && seen.error->code == ErrorCode::MODULE_FAILED && seen.error->module == "look");
  CHECK(error && error->code == ErrorCode::MODULE_FAILED);
  CHECK(!report.outputs[0].result.complete);
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
    composition(spec).layout = canvas(compose::LayoutKind::split, 2);
    composition(spec).outputs = {encoded(folder().file("start-close.mp4"), true)};
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
  composition(unwritable).layout = canvas(compose::LayoutKind::split, 2);
  composition(unwritable).outputs = {encoded(folder().file("no/such/folder/out.mp4"))};
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
  composition(spec).layout = canvas(compose::LayoutKind::split, 2);
  for (compose::TileSpec& tile : composition(spec).layout.tiles) tile.follow.module = "people";
  composition(spec).layout.draw.boxes = "people";
  const std::string path = folder().file("people.mp4");
  composition(spec).outputs = {encoded(path)};
  PipelineRun run(std::move(spec), 11);
  run.pipeline->start();
  const Seen seen = run.drain();
  CHECK(!run.waitDone());
  run.pipeline->relink();
  run.pipeline->results().contactSheet();
  run.pipeline->close(true);
  const Report report = run.closed();
  CHECK_EQUAL(seen.total, 15 + 18);
  CHECK_EQUAL(report.models.size(), size_t{2});
  CHECK_EQUAL(playedFrames(path), report.outputs[0].result.frames);
}

TEST_MAIN()
