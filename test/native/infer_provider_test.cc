// The providers of a model on a GPU, and every way in which they fail. On the simulated driver and runtime
// (test/simulator): the rules of FRAMEPATH_SIM_ORT select what fails.
#include <cstdlib>
#include <mutex>

#include "check.h"
#include "core/error.h"
#include "infer/detector.h"
#include "infer/embedder.h"
#include "infer_heads.h"
#include "infer_support.h"
#include "simulated.h"

using namespace framepath;
using namespace support;

namespace {

// Rules for as long as it lives.
class Simulated {
 public:
  explicit Simulated(const std::string& rules) { setenv("FRAMEPATH_SIM_ORT", rules.c_str(), 1); }
  ~Simulated() { unsetenv("FRAMEPATH_SIM_ORT"); }
};

std::string blazeface() {
  return environment("FRAMEPATH_MODELS") + "/blazeface.onnx";
}

struct Recovery {
  std::string what, reason;
};

// A model with its recoveries.
struct Loaded {
  std::mutex mutex;
  std::vector<Recovery> recoveries;
  std::shared_ptr<infer::Model> model;

  explicit Loaded(infer::ModelOptions options, const std::shared_ptr<Device>& on = device()) {
    options.recovered = [this](const std::string& what, const std::string& reason) {
      std::lock_guard lock(mutex);
      recoveries.push_back({what, reason});
    };
    model = infer::loadModel(runtime(), on, options);
  }
};

infer::ModelOptions options(int32_t maxBatch = 4) {
  infer::ModelOptions options;
  options.file = blazeface();
  options.maxBatch = maxBatch;
  return options;
}

// Faces: the sample photos that the demo uses.
const std::vector<FrameRef>& photos() {
  static const auto& frames = *[] {
    auto* all = new std::vector<FrameRef>;
    for (int i = 1; i <= 6; i++) {
      const std::string file = "node_modules/@vladmandic/face-api/demo/sample" + std::to_string(i) + ".jpg";
      for (const FrameRef& frame : photo(file, 640, 480)) all->push_back(frame);
    }
    return all;
  }();
  return frames;
}

std::vector<Detections> detectAll(const std::shared_ptr<infer::Model>& model) {
  std::vector<Detections> found(photos().size());
  infer::openDetector(model)->detect(photos(), found);
  return found;
}

// What the CPU finds in the same pictures.
const std::vector<Detections>& expected() {
  static const std::vector<Detections> found = [] {
    infer::ModelOptions onCpu = options();
    onCpu.providers.order = {"cpu"};
    return detectAll(infer::loadModel(runtime(), device(), onCpu));
  }();
  return found;
}

void checkSame(const std::vector<Detections>& found) {
  size_t boxes = 0;
  for (size_t i = 0; i < expected().size(); i++) {
    CHECK(sameDetections(found[i], expected()[i]));
    boxes += found[i].size();
  }
  CHECK(boxes >= photos().size());
}

uint64_t imagesDown() {
  return device()->copiedBytes(CopyKind::d2hImage);
}

}  // namespace

SIMULATOR_TEST(the_cuda_provider_keeps_pictures_on_the_gpu) {
  expected();
  Loaded loaded(options());
  CHECK_EQUAL(loaded.model->provider(), std::string("cuda"));
  CHECK_EQUAL(loaded.model->batch(), 4);
  CHECK_EQUAL(loaded.model->refusedProviders().size(), size_t{1});
  CHECK_EQUAL(loaded.model->refusedProviders()[0].provider, std::string("tensorrt"));
  CHECK(loaded.model->refusedProviders()[0].reason.find("libnvinfer.so.10") != std::string::npos);
  const uint64_t images = imagesDown(), results = device()->copiedBytes(CopyKind::d2hResults);
  checkSame(detectAll(loaded.model));
  CHECK_EQUAL(imagesDown(), images);
  const uint64_t crossed = device()->copiedBytes(CopyKind::d2hResults) - results;
  CHECK(crossed > 0 && crossed < 10'000 * photos().size());
}

SIMULATOR_TEST(tensorrt_comes_first_where_it_is_installed) {
  const Simulated rules("tensorrt");
  infer::ModelOptions asked = options();
  asked.providers.cacheFolder = temporaryFolder();
  asked.precision = "fp16";
  Loaded loaded(asked);
  CHECK_EQUAL(loaded.model->provider(), std::string("tensorrt"));
  CHECK(loaded.model->refusedProviders().empty());
  checkSame(detectAll(loaded.model));
  CHECK(std::filesystem::exists(temporaryFolder() + "/tensorrt"));
}

SIMULATOR_TEST(whatever_fails_the_next_provider_runs_the_model) {
  expected();
  const std::pair<const char*, const char*> cases[] = {{"options_fail", "libcublasLt.so.13"},
                                                       {"append_fail", "Failed to load shared library"},
                                                       {"session_fail", "CUDA driver version is insufficient"},
                                                       {"run_fail:1+", "CUDNN failure"}};
  for (const auto& [rule, reason] : cases) {
    const Simulated rules(rule);
    Loaded loaded(options());
    CHECK_EQUAL(loaded.model->provider(), std::string("cpu"));
    CHECK_EQUAL(loaded.model->refusedProviders().size(), size_t{2});
    CHECK_EQUAL(loaded.model->refusedProviders().back().provider, std::string("cuda"));
    if (loaded.model->refusedProviders().back().reason.find(reason) == std::string::npos)
      check::fail(__FILE__, __LINE__,
                  std::string(rule) + " gave the reason " + loaded.model->refusedProviders().back().reason);
    const uint64_t images = imagesDown();
    checkSame(detectAll(loaded.model));
    CHECK(imagesDown() - images >= photos().size() * 256 * 256 * 3 * 4);  // counted as what it is
  }
  for (const char* rule : {"options_fail", "append_fail", "session_fail", "run_fail:1+"}) {
    const Simulated rules("tensorrt,tensorrt." + std::string(rule));
    Loaded loaded(options());
    CHECK_EQUAL(loaded.model->provider(), std::string("cuda"));
    checkSame(detectAll(loaded.model));
  }
}

SIMULATOR_TEST(a_provider_that_must_not_be_tried_is_left_out_with_its_reason) {
  infer::ModelOptions asked = options();
  asked.providers.off = {{"cuda", "tried in a child process, it crashes"}};
  Loaded loaded(asked);
  CHECK_EQUAL(loaded.model->provider(), std::string("cpu"));
  bool reported = false;
  for (const infer::RefusedProvider& refused : loaded.model->refusedProviders())
    reported = reported || (refused.provider == "cuda" && refused.reason == "tried in a child process, it crashes");
  CHECK(reported);
}

SIMULATOR_TEST(without_the_cpu_among_them_nothing_is_left_in_the_end) {
  const Simulated rules("session_fail");
  infer::ModelOptions asked = options();
  asked.providers.order = {"cuda"};
  CHECK_ERROR(infer::loadModel(runtime(), device(), asked), RUNTIME_UNUSABLE);
  asked.providers.order = {"metal"};
  CHECK_ERROR(infer::loadModel(runtime(), device(), asked), INVALID_ARGUMENT);
  asked.providers.order = {};
  asked.precision = "int4";
  CHECK_ERROR(infer::loadModel(runtime(), device(), asked), INVALID_ARGUMENT);
}

SIMULATOR_TEST(a_model_that_is_no_model_does_not_fall_back) {
  infer::ModelOptions asked = options();
  asked.file = writeFile("broken.onnx", "\x08\x07 this is not a graph");
  CHECK_ERROR(infer::loadModel(runtime(), device(), asked), MODEL_INVALID);
}

SIMULATOR_TEST(out_of_memory_halves_the_batch_and_goes_on) {
  expected();
  Loaded loaded(options());
  const auto detector = infer::openDetector(loaded.model);
  std::vector<Detections> found(photos().size());
  {
    const Simulated rules("oom:1");
    detector->detect(photos(), found);
  }
  checkSame(found);
  CHECK_EQUAL(loaded.recoveries.size(), size_t{1});
  CHECK(loaded.recoveries[0].what.find("batches of 2") != std::string::npos);
  CHECK(loaded.recoveries[0].reason.find("Available memory") != std::string::npos);
}

SIMULATOR_TEST(out_of_memory_for_good_is_an_error_of_the_module) {
  Loaded loaded(options());
  const auto detector = infer::openDetector(loaded.model);
  std::vector<Detections> found(photos().size());
  {
    const Simulated rules("oom:1+");
    CHECK_ERROR(detector->detect(photos(), found), DEVICE_OUT_OF_MEMORY);
  }
  CHECK_EQUAL(loaded.recoveries.size(), size_t{3});  // 2, 1, and once more with what was kept given back
  detector->detect(photos(), found);                 // and memory came back
  checkSame(found);
}

SIMULATOR_TEST(a_failed_run_is_reported_and_the_next_one_works) {
  Loaded loaded(options());
  const auto detector = infer::openDetector(loaded.model);
  std::vector<Detections> found(photos().size());
  {
    const Simulated rules("run_fail:1");
    CHECK_ERROR(detector->detect(photos(), found), INFERENCE_FAILED);
  }
  detector->detect(photos(), found);
  checkSame(found);
}

SIMULATOR_TEST(every_worker_has_a_session_of_its_own_on_the_same_provider) {
  Loaded loaded(options());
  const auto first = infer::openDetector(loaded.model), second = infer::openDetector(loaded.model);
  std::vector<Detections> found(photos().size());
  first->detect(photos(), found);
  checkSame(found);
  second->detect(photos(), found);
  checkSame(found);
  const Simulated rules("session_fail");
  const auto third = infer::openDetector(loaded.model);  // the CPU has to do
  third->detect(photos(), found);
  checkSame(found);
  CHECK_EQUAL(loaded.recoveries.size(), size_t{1});
}

SIMULATOR_TEST(vectors_alone_come_back_from_an_embedder) {
  infer::ModelOptions asked;
  asked.file = environment("FRAMEPATH_MODELS") + "/face-recognition.onnx";
  asked.maxBatch = 8;
  std::vector<infer::CropRequest> crops;
  for (const FrameRef& frame : photos()) crops.push_back({frame, {100, 100, 300, 300}, {}, 0});
  const auto embed = [&](const infer::ModelOptions& how) {
    const auto embedder = infer::openEmbedder(infer::loadModel(runtime(), device(), how));
    const uint64_t results = device()->copiedBytes(CopyKind::d2hResults), images = imagesDown();
    std::vector<float> embeddings(crops.size() * static_cast<size_t>(embedder->dims()));
    embedder->embed(crops, embeddings.data());
    if (how.providers.order.empty()) {
      CHECK_EQUAL(device()->copiedBytes(CopyKind::d2hResults) - results, embeddings.size() * sizeof(float));
      CHECK_EQUAL(imagesDown(), images);
    }
    return embeddings;
  };
  infer::ModelOptions onCpu = asked;
  onCpu.maxBatch = 1;
  onCpu.providers.order = {"cpu"};
  const std::vector<float> there = embed(asked), here = embed(onCpu);
  double apart = 0;
  for (size_t i = 0; i < here.size(); i++) apart = std::max(apart, std::fabs(double{there[i]} - here[i]));
  CHECK(apart < 1e-4);  // another size of batch may round otherwise
}

// Nothing is kept, so that every allocation asks the driver.
SIMULATOR_TEST(any_call_of_the_driver_may_fail) {
  if (environment("FRAMEPATH_FAULTS") == "none") return;  // dozens of loads: minutes where sanitizers slow them down
  setenv("FRAMEPATH_CUDA_CACHE", "off", 1);
  expected();
  const test::Simulator& gpu = test::simulator();
  const std::pair<const char*, int> calls[] = {
      {"cuMemAlloc_v2", 2},        {"cuMemHostAlloc", 2},     {"cuLaunchKernel", 701},
      {"cuMemcpyDtoHAsync_v2", 1}, {"cuMemcpy2DAsync_v2", 1}, {"cuStreamCreate", 2},
      {"cuStreamSynchronize", 46}, {"cuEventRecord", 1},      {"cuStreamWaitEvent", 1}};
  int failed = 0, recovered = 0;
  for (const auto& [call, result] : calls) {
    const std::string counter = std::string("call:") + call;
    const auto counted = [&] { return gpu.counter(counter.c_str()); };
    for (long long n = 1;; n += n < 12 ? 1 : 5) {
      const long long before = counted();
      const size_t live = device()->liveBytes();
      const uint64_t used = device()->memory().used;
      gpu.fail((call + std::string(":") + std::to_string(n) + ":" + std::to_string(result)).c_str());
      try {
        Loaded loaded(options());
        checkSame(detectAll(loaded.model));
        recovered += counted() - before >= n;
      } catch (const Error& e) {
        failed++;
        const bool coded = e.code == ErrorCode::DEVICE_OUT_OF_MEMORY || e.code == ErrorCode::DEVICE_UNAVAILABLE;
        if (!coded) check::fail(call, static_cast<int>(n), std::string(errorCodeName(e.code)) + ": " + e.sentence);
      }
      gpu.fail("");
      if (device()->liveBytes() != live || device()->memory().used != used)
        check::fail(call, static_cast<int>(n), "left " + std::to_string(device()->liveBytes() - live) + " bytes");
      if (counted() - before < n) break;  // nobody calls it that often
    }
  }
  std::printf("  %d failed, %d recovered\n", failed, recovered);
  CHECK(failed > 20 && recovered > 0);
}

SIMULATOR_TEST(a_model_that_does_not_fit_fails_at_the_start_and_names_what_does) {
  const auto small = openDevice("cuda:0", {.memoryLimit = 3 << 20});
  infer::ModelOptions asked = options(16);
  std::string sentence;
  try {
    infer::loadModel(runtime(), small, asked);
  } catch (const Error& e) {
    CHECK(e.code == ErrorCode::DEVICE_OUT_OF_MEMORY && !e.hint.empty());
    sentence = e.sentence;
  }
  CHECK(sentence.find("3.1 MB") != std::string::npos);
  CHECK_EQUAL(small->liveBytes(), size_t{0});
}

SIMULATOR_TEST(a_batch_that_does_not_fit_is_halved_until_it_does) {
  infer::ModelOptions asked = options(16);
  const uint64_t whole = [&] {
    Loaded loaded(asked);
    return device()->memory().used;
  }();
  const auto tight = openDevice("cuda:0", {.memoryLimit = whole - (6 << 20)});
  Loaded loaded(asked, tight);
  CHECK(loaded.model->batch() < 16 && loaded.model->batch() >= 1);
  CHECK(tight->memory().used <= tight->memory().limit);
}

SIMULATOR_TEST(a_lost_gpu_is_lost_for_good) {
  expected();
  Loaded loaded(options());
  const auto detector = infer::openDetector(loaded.model);
  std::vector<Detections> found(photos().size());
  const Simulated rules("lost:1+");
  CHECK_ERROR(detector->detect(photos(), found), DEVICE_LOST);
  CHECK_ERROR(detector->detect(photos(), found), DEVICE_LOST);
}

TEST_MAIN()
