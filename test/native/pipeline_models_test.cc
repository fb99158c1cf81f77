// Whole runs with models: faces found, tracked and recognised, on the device that is tested (FRAMEPATH_TEST_DEVICE) and
// on the CPU. The same boxes, tracks and identities come out; on a GPU no picture goes back to the host.
#include "infer_heads.h"
#include "pipeline_people.h"

using namespace pipeline_run;

namespace {

constexpr int kFrames = 12;

PipelineSpec people(const std::string& device) {
  return peopleIn({passing("a", 2, kFrames), passing("b", 4, kFrames), passing("c", 6, kFrames)}, device);
}

const Outcome& onCpu() {
  static const Outcome outcome = runAll(people("cpu"), 1);
  return outcome;
}

std::string testedDevice() {
  return testDevice()->id().name();
}
bool onGpu() {
  return testDevice()->id().kind == DeviceKind::cuda;
}

void checkSame(const Outcome& outcome) {
  CHECK(!outcome.error);
  CHECK_EQUAL(differing(outcome, onCpu().frames), size_t{0});
}

// Rules of the simulated runtime for as long as it lives (test/simulator/ort/shim.h).
class Simulated {
 public:
  explicit Simulated(const std::string& rules) { setenv("FRAMEPATH_SIM_ORT", rules.c_str(), 1); }
  ~Simulated() { unsetenv("FRAMEPATH_SIM_ORT"); }
};

#define NEED_SIMULATOR()                                                           \
  NEED_RUNTIME();                                                                  \
  if (!onGpu() || support::environment("FRAMEPATH_SIM_ORT_REAL").empty()) {        \
    std::printf("  skipped: not on the simulated GPU (scripts/with-simulator)\n"); \
    return;                                                                        \
  }

}  // namespace

TEST(people_are_the_same_on_every_device) {
  NEED_RUNTIME();
  CHECK_EQUAL(onCpu().frames.size(), size_t{3 * kFrames});
  size_t faces = 0, persons = 0;
  for (const auto& [key, text] : onCpu().frames) {
    faces += text.find("face") != std::string::npos;
    persons += text.find("person") != std::string::npos;
  }
  CHECK(faces > 2 * kFrames && persons > 2 * kFrames);
  const Outcome outcome = runAll(people(testedDevice()), 2);
  checkSame(outcome);
  CHECK_EQUAL(outcome.report.models.size(), size_t{2});
  if (!onGpu()) return;
  for (const ModelReport& model : outcome.report.models) CHECK_EQUAL(model.provider, std::string("cuda"));
  CHECK_EQUAL(copies(outcome, CopyKind::d2hImage), uint64_t{0});
  CHECK(copies(outcome, CopyKind::d2hResults) > 0);
  CHECK(outcome.report.recoveries.empty());
}

TEST(a_provider_that_fails_leaves_the_models_to_the_cpu) {
  NEED_SIMULATOR();
  const Simulated rules("session_fail");
  const Outcome outcome = runAll(people(testedDevice()), 3);
  checkSame(outcome);
  for (const ModelReport& model : outcome.report.models) {
    CHECK_EQUAL(model.provider, std::string("cpu"));
    CHECK_EQUAL(model.refused.size(), size_t{2});
  }
  CHECK_EQUAL(outcome.report.recoveries.size(), size_t{4});
  CHECK(copies(outcome, CopyKind::d2hImage) > 0);  // and it is reported
}

TEST(memory_that_runs_out_in_a_run_is_reported_and_changes_nothing) {
  NEED_SIMULATOR();
  const Simulated rules("oom:17,oom:18");
  const Outcome outcome = runAll(people(testedDevice()), 4);
  checkSame(outcome);
  CHECK(outcome.report.recoveries.size() >= 2);
}

TEST(a_model_that_fails_once_is_the_policys_business) {
  NEED_SIMULATOR();
  const Simulated rules("run_fail:18+");
  PipelineSpec failing = people(testedDevice());
  const Outcome failed = runAll(std::move(failing), 5);
  CHECK(failed.error && failed.error->code == ErrorCode::INFERENCE_FAILED);
  PipelineSpec skipping = people(testedDevice());
  for (ModuleSpec& spec : skipping.modules)
    if (spec.kind != ModuleSpec::Kind::track) spec.policy.onError = OnError::skip;
  setenv("FRAMEPATH_SIM_ORT", "run_fail:17+", 1);  // counted anew
  const Outcome skipped = runAll(std::move(skipping), 6);
  CHECK(!skipped.error);
  CHECK_EQUAL(skipped.frames.size(), size_t{3 * kFrames});
}

TEST(emotions_of_tracked_faces_are_the_same_on_every_device) {
  NEED_EVAL("models/human-emotion-64.onnx");
  const auto emotions = [](const std::string& device) {
    PipelineSpec spec = people(device);
    spec.modules.pop_back();
    ModuleSpec emotion = module(ModuleSpec::Kind::classify, "emotion", "tracks", "");
    emotion.model.file = support::evalFile("models/human-emotion-64.onnx");
    emotion.model.stated.head = "classification";
    emotion.model.stated.scale = {1};
    emotion.model.stated.topK = 3;
    emotion.boxClasses.smooth = 0.6;
    emotion.boxClasses.every = 2;
    spec.modules.push_back(emotion);
    return spec;
  };
  const Outcome expected = runAll(emotions("cpu"), 5), found = runAll(emotions(testedDevice()), 6);
  CHECK(!expected.error && !found.error);
  size_t reported = 0;
  for (const auto& [key, text] : expected.frames) {
    reported += text.find("classes of 1 ") != std::string::npos;
    const auto other = found.frames.find(key);
    CHECK(other != found.frames.end() && other->second == text);
  }
  CHECK(reported > kFrames);
}

TEST(windows_of_people_are_the_same_on_every_device) {
  NEED_RUNTIME();
  const auto windows = [](const std::string& device) {
    PipelineSpec spec = peopleIn({passing("long", 2, kFrames), passing("short", 4, kFrames / 2)}, device);
    ModuleSpec moves = jsModule("moves", {"people"});
    moves.input = InputSpec{};
    moves.input->of = "people";
    moves.input->width = moves.input->height = 40;
    moves.input->window = 3;
    moves.input->min = 2;
    moves.stateless = true;  // of no use to a window
    moves.workers = 4;
    spec.modules.push_back(moves);
    PipelineRun run(std::move(spec), 7);
    FrameTexts inputs;
    run.watch = [&](const Task& task, const InputRef& input) {
      std::string& text = inputs[{task.source, task.seq}];  // one worker: never two at once
      for (const TrackWindow& window : input->windows) {
        text += "track " + std::to_string(window.track) + hex(window.box.x1);
        for (const InputRef& frame : window.frames) {
          const uint8_t* data = frame->slot->data() + frame->pictures.at(0).offset;
          uint32_t sum = 0;
          for (size_t i = 0; i < frame->pictures[0].bytes; i++) sum = sum * 31 + data[i];
          text += " " + std::to_string(sum);
        }
        text += "\n";
      }
    };
    run.pipeline->start();
    CHECK_EQUAL(run.drain().total, int64_t{kFrames + kFrames / 2});
    CHECK(!run.waitDone());
    run.pipeline->close(true);
    run.closed();
    return inputs;
  };
  const FrameTexts expected = windows("cpu");
  size_t reported = 0;
  for (const auto& [key, text] : expected) reported += !text.empty();
  CHECK(reported > kFrames);
  CHECK(windows(testedDevice()) == expected);
}

// Last: the GPU is lost for the whole process.
TEST(a_lost_gpu_ends_the_run_and_frees_everything) {
  NEED_SIMULATOR();
  const Simulated rules("lost:14+");
  PipelineSpec spec = people(testedDevice());
  for (ModuleSpec& module : spec.modules) {
    if (module.kind == ModuleSpec::Kind::track) continue;
    module.policy.onError = OnError::skip;
    module.policy.maxBatch = 1;  // else a few large batches may be all
  }
  const Outcome outcome = runAll(std::move(spec), 7);
  CHECK(outcome.error && outcome.error->code == ErrorCode::DEVICE_LOST);
}

TEST_MAIN()
