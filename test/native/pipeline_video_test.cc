// Whole runs on a GPU, simulated, from packets to packets: decoded, looked at, composed and encoded there. Results
// and pictures are those of the CPU, no picture crosses to the host, and every failure is reported or recovered from.
#include "pipeline_people.h"
#include "simulated_video.h"

using namespace pipeline_run;

namespace {

constexpr int kFrames = 30, kWidth = 320, kHeight = 128;
constexpr uint64_t kCanvasBytes = uint64_t{kWidth} * kHeight * 3 / 2, kPictureBytes = 640 * 480 * 3 / 2;

std::string fileOf(const std::string& name) {
  return folder().file(name + ".mp4");
}

// Two sources side by side, the right one a crop that follows a face, another's boxes drawn.
PipelineSpec split(const std::string& device, const std::string& output) {
  PipelineSpec spec = peopleIn({passing("h264", 2, kFrames, "-c:v libx264 -preset ultrafast -bf 2 -g 12"),
                                passing("hevc", 4, kFrames, "-c:v libx265 -x265-params log-level=none:keyint=12")},
                               device);
  composition(spec).layout = canvas(compose::LayoutKind::split, 2, kWidth, kHeight);
  composition(spec).layout.tiles[1].follow.module = "people";
  composition(spec).layout.draw.boxes = "people";
  composition(spec).layout.redact.module = "faces";
  composition(spec).outputs = {encoded(fileOf(output))};
  // Without B-frames: what x264 then decides depends on what lay in the memory that it is given (164, seen with
  // MALLOC_PERTURB_ and the ffmpeg program too).
  composition(spec).outputs[0].encoder.profile = media::Profile::realtime;
  composition(spec).outputs[0].encoder.keyframeMs = 400;
  return spec;
}

// Results of frames on the CPU; its composition is in fileOf("cpu"). Of a child, which writes it down: a process that
// has used ONNX Runtime cannot be forked.
const FrameTexts& onCpu() {
  static const FrameTexts results = [] {
    test::mustPassInChild("on the CPU", [] {
      const Outcome outcome = runAll(split("cpu", "cpu"), 1);
      CHECK(!outcome.error);
      std::ofstream file(folder().file("results"));
      for (const auto& [key, text] : outcome.frames)
        file << key.first << ' ' << key.second << ' ' << text.size() << '\n' << text;
    });
    FrameTexts read;
    std::ifstream file(folder().file("results"));
    std::pair<int32_t, int64_t> key;
    for (size_t bytes = 0; file >> key.first >> key.second >> bytes;) {
      std::string& text = read[key];
      text.resize(bytes);
      file.ignore(1);
      file.read(text.data(), static_cast<std::streamsize>(bytes));
    }
    return read;
  }();
  return results;
}

// What a player shows of it.
std::vector<uint8_t> pictures(const std::string& name) {
  const std::string raw = folder().file(name + ".yuv");
  clip::ffmpeg("-i " + fileOf(name) + " -pix_fmt yuv420p -f rawvideo " + raw);
  return clip::bytesOf(raw);
}

double psnr(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  double error = 0;
  for (size_t i = 0; i < a.size() && i < b.size(); i++) error += (a[i] - b[i]) * (a[i] - b[i]);
  return a.size() != b.size() ? 0 : 10 * std::log10(255.0 * 255.0 * a.size() / std::max(error, 1e-9));
}

int64_t decodedOnGpu(const Outcome& outcome) {
  int64_t sum = 0;
  for (const SourceReport& source : outcome.report.sources) sum += source.reader.decodedOnGpu;
  return sum;
}

// Frames as on the CPU, and a whole file of as many pictures that look the same.
void requireSame(const Outcome& outcome, const std::string& output) {
  if (outcome.error) check::fail(output.c_str(), 0, "threw " + outcome.error->sentence);
  CHECK_EQUAL(differing(outcome, onCpu()), size_t{0});
  CHECK_EQUAL(outcome.report.outputs.at(0).result.frames, kFrames);
  const double alike = psnr(pictures(output), pictures("cpu"));
  if (alike < 30) check::fail(output.c_str(), 0, "looks different: " + std::to_string(alike) + " dB");
}

void requireNoneLeft(const std::string& what) {
  test::requireNone(
      {"memory_live", "host_live", "stream_live", "event_live", "module_live", "context_live", "nvdec_live",
       "nvdec_mapped", "nvdec_misuse", "nvenc_live", "nvenc_registered", "nvenc_mapped", "nvenc_misuse", "illegal"},
      what);
}

void printRecoveries(const std::string& what, const Outcome& outcome) {
  for (const Recovery& recovery : outcome.report.recoveries)
    std::printf("  %s: %s %s: %s\n", what.c_str(), recovery.where.c_str(), recovery.what.c_str(),
                recovery.reason.c_str());
}

// Nothing of the GPU is touched outside of children.
bool canRun() {
  if (!test::videoIsSimulated()) return false;
  if (support::environment("FRAMEPATH_SIM_ORT_REAL").empty()) {
    test::skip("ONNX Runtime has no simulated GPU (scripts/with-simulator)");
    return false;
  }
  split("cpu", "cpu");  // makes the clips
  CHECK_EQUAL(onCpu().size(), size_t{2 * kFrames});
  return true;
}

#define RUN_TEST(name)                         \
  static void body_##name();                   \
  TEST(name) {                                 \
    if (!canRun()) return;                     \
    test::mustPassInChild(#name, body_##name); \
  }                                            \
  static void body_##name()

}  // namespace

RUN_TEST(no_picture_leaves_the_gpu) {
  const Outcome outcome = runAll(split("cuda:0", "gpu"), 2);
  requireSame(outcome, "gpu");
  printRecoveries("all on the GPU", outcome);
  CHECK(outcome.report.recoveries.empty());
  CHECK_EQUAL(decodedOnGpu(outcome), 2 * kFrames);
  CHECK_EQUAL(test::simulator().counter("nvenc_pictures"), kFrames);
  for (const CopyKind kind : {CopyKind::h2dImage, CopyKind::d2hImage, CopyKind::d2hEncode})
    CHECK_EQUAL(copies(outcome, kind), uint64_t{0});
  CHECK(copies(outcome, CopyKind::d2hResults) > 0);
  requireNoneLeft("run");
}

RUN_TEST(the_same_encoder_gives_the_same_pictures) {
  setenv("FRAMEPATH_SIM_NVENC_CODECS", "none", 1);
  const Outcome outcome = runAll(split("cuda:0", "software"), 3);
  requireSame(outcome, "software");
  CHECK(pictures("software") == pictures("cpu"));
  CHECK_EQUAL(outcome.report.recoveries.size(), size_t{1});
  printRecoveries("no encoder", outcome);
  CHECK_EQUAL(copies(outcome, CopyKind::h2dImage), uint64_t{0});
  CHECK_EQUAL(copies(outcome, CopyKind::d2hImage), uint64_t{0});
  CHECK_EQUAL(copies(outcome, CopyKind::d2hEncode), kFrames * kCanvasBytes);
  requireNoneLeft("run");
}

RUN_TEST(what_software_decodes_is_uploaded_once) {
  PipelineSpec spec = split("cuda:0", "uploaded");
  for (SourceSpec& source : spec.sources) source.reader.decoder = media::DecoderChoice::software;
  const Outcome outcome = runAll(std::move(spec), 4);
  requireSame(outcome, "uploaded");
  CHECK(outcome.report.recoveries.empty());
  CHECK_EQUAL(decodedOnGpu(outcome), 0);
  CHECK_EQUAL(copies(outcome, CopyKind::h2dImage), 2 * kFrames * kPictureBytes);
  CHECK_EQUAL(copies(outcome, CopyKind::d2hImage), uint64_t{0});
  requireNoneLeft("run");
}

// More than a decoder has surfaces.
RUN_TEST(frames_that_a_caller_holds_do_not_starve_the_decoder) {
  PipelineSpec spec = split("cuda:0", "held");
  spec.compositions.clear();
  spec.inFlight = 2 * kFrames;
  spec.keepPixels = true;
  {
    PipelineRun run(std::move(spec), 5);
    run.pipeline->start();
    std::vector<TaskRef> held;
    for (bool ended = false; !ended;) {
      const Delivery delivery = run.next(8);
      held.insert(held.end(), delivery.tasks.begin(), delivery.tasks.end());
      ended = delivery.ended;
    }
    CHECK_EQUAL(held.size(), size_t{2 * kFrames});
    size_t withPixels = 0;
    for (const TaskRef& task : held) withPixels += task->frame() != nullptr;
    CHECK_EQUAL(withPixels, held.size());
    CHECK(!run.waitDone());
    held.clear();
    run.pipeline->close(true);
    const Report report = run.closed();
    CHECK(report.recoveries.empty());
    for (const SourceReport& source : report.sources) CHECK_EQUAL(source.reader.decodedOnGpu, kFrames);
  }
  CHECK(test::simulator().counter("d2d_bytes") > 0);
  requireNoneLeft("held");
}

namespace {

// In mid-stream: software takes over, nothing is lost, and it is reported once a unit.
void takesOver(const std::string& rule, size_t recoveries) {
  test::mustPassInChild(rule, [&] {
    test::simulator().fail(rule.c_str());
    const Outcome outcome = runAll(split("cuda:0", "fallback"), 6);
    printRecoveries(rule, outcome);
    requireSame(outcome, "fallback");
    CHECK_EQUAL(outcome.report.recoveries.size(), recoveries);
    CHECK_EQUAL(copies(outcome, CopyKind::d2hImage), uint64_t{0});
    requireNoneLeft(rule);
  });
}

// Whatever it comes to: as if nothing had been, or a coded error. The counts add up (PipelineRun::closed), and nothing
// is left, but of a GPU that is lost: its driver takes nothing back.
void isReportedOrNothing(const std::string& rule, ErrorCode expected) {
  test::mustPassInChild(rule, [&] {
    test::simulator().fail(rule.c_str());
    Outcome outcome;
    try {
      outcome = runAll(split("cuda:0", "failed"), 7);
    } catch (const Error& error) {  // start() found it
      outcome.error = error;
    }
    test::simulator().fail("");
    if (!outcome.error) {
      requireSame(outcome, "failed");
    } else if (outcome.error->code != expected || outcome.error->hint.empty()) {
      check::fail(rule.c_str(), 0, std::string(errorCodeName(outcome.error->code)) + ": " + outcome.error->sentence);
    }
    if (expected != ErrorCode::DEVICE_LOST) requireNoneLeft(rule);
  });
}

}  // namespace

TEST(software_takes_over_in_mid_stream) {
  if (!FAULTS_WANTED || !canRun()) return;
  takesOver("cuvidDecodePicture:31:999", 1);
  takesOver("cuvidCreateDecoder:2:2", 1);
  takesOver("nvEncLockBitstream:5:20,cuvidMapVideoFrame64:12:205", 2);
  if (!test::allFaults()) return;
  takesOver("cuvidMapVideoFrame64:20+:205", 2);
  takesOver("nvEncOpenEncodeSessionEx:1+:10", 1);
  takesOver("nvEncEncodePicture:17:20", 1);
}

TEST(memory_that_runs_out_is_reported_or_made_do_without) {
  if (!FAULTS_WANTED || !canRun()) return;
  const std::vector<int> turns = test::allFaults() ? std::vector{1, 2, 3, 4, 9, 20, 33, 60} : std::vector{4, 33};
  for (const int n : turns)
    for (const char* call : {"cuMemAlloc_v2", "cuMemHostAlloc"})
      isReportedOrNothing(call + (":" + std::to_string(n)) + ":2", ErrorCode::DEVICE_OUT_OF_MEMORY);
  isReportedOrNothing("cuMemAlloc_v2:40+:2", ErrorCode::DEVICE_OUT_OF_MEMORY);
}

TEST(a_lost_gpu_ends_the_run) {
  if (!FAULTS_WANTED || !canRun()) return;
  const std::vector<int> turns = test::allFaults() ? std::vector{3, 40, 150} : std::vector{40};
  for (const int n : turns)
    for (const char* call : {"cuLaunchKernel", "cuStreamWaitEvent", "cuEventRecord", "cuEventSynchronize"})
      isReportedOrNothing(call + (":" + std::to_string(n)) + (n == 40 ? ":999" : ":700"), ErrorCode::DEVICE_LOST);
}

TEST_MAIN()
