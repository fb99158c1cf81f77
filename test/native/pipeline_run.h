// What the pipeline tests share: one run of graph::Pipeline with everything around it that JavaScript would be.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "check.h"
#include "graph/pipeline.h"
#include "media_clip.h"

namespace pipeline_run {

using namespace framepath;
using namespace framepath::graph;

class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}
  int pick(int from, int to) { return from + static_cast<int>(generator_() % static_cast<unsigned>(to - from + 1)); }
  bool once(int in) { return pick(1, in) == 1; }
  void pause(int upToUs) { std::this_thread::sleep_for(std::chrono::microseconds(pick(0, upToUs))); }

 private:
  std::mt19937 generator_;
};

// A hang is a failure with a name, not a killed program without one.
template <typename T>
T within(std::future<T> future, const char* what, unsigned seed) {
  if (future.wait_for(std::chrono::seconds(120)) == std::future_status::ready) return future.get();
  std::printf("  %s did not happen within 120 s (seed %u)\n", what, seed);
  std::fflush(stdout);
  std::abort();
}

// Answers JS modules from a thread of its own: late, out of order between modules, with failures.
class Answerer {
 public:
  explicit Answerer(unsigned seed) : random_(seed), thread_([this] { serve(); }) {}
  ~Answerer() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    {
      std::lock_guard lock(mutex_);
      quit_ = true;
      asked_.notify_all();
    }
    thread_.join();
  }
  void ask(int32_t module, int64_t task, int64_t attempt) {
    std::lock_guard lock(mutex_);
    questions_.push_back({module, task, attempt});
    asked_.notify_all();
  }
  void open(Pipeline* pipeline) {
    std::lock_guard lock(mutex_);
    pipeline_ = pipeline;
  }
  std::atomic<int> delayUs{200}, failEvery{0}, silentEvery{0};
  std::atomic<int64_t> answers{0}, picturesSeen{0};

 private:
  struct Question {
    int32_t module;
    int64_t task, attempt;
  };
  void serve() {
    for (;;) {
      Question question;
      Pipeline* pipeline = nullptr;
      {
        std::unique_lock lock(mutex_);
        asked_.wait(lock, [&] { return quit_ || !questions_.empty(); });
        if (quit_) return;
        question = questions_.front();
        questions_.pop_front();
        pipeline = pipeline_;
      }
      random_.pause(delayUs);
      const int64_t n = ++answers;
      if (silentEvery && n % silentEvery == 0) continue;  // its timeout decides
      if (TaskRef task = pipeline->asked(question.module, question.task);
          task && pipeline->spec().modules[question.module].pixels) {
        const FrameRef& frame = task->frame();
        const Image image = test::readable(pipeline->device(), *frame);  // must be alive
        const uint8_t pixel = image.view.planes[0].data[0];
        if (pixel + frame->width > 0) picturesSeen++;
      }
      const bool fails = failEvery && n % failEvery == 0;
      ExternalModule::Answer answer;
      if (n % 7) answer.kind = ExternalModule::Answer::value;
      if (fails) answer = {ExternalModule::Answer::failed, Error(ErrorCode::MODULE_FAILED, "on purpose"), nullptr};
      pipeline->answer(question.module, question.task, question.attempt, std::move(answer));
    }
  }

  Random random_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<Question> questions_;
  Pipeline* pipeline_ = nullptr;
  bool quit_ = false;
  std::thread thread_;
};

// What came out of next(), in the order it came.
struct Seen {
  std::map<int32_t, int64_t> count;
  int64_t total = 0;
  bool ordered = true, timesGrow = true, ended = false;
  std::map<int32_t, int64_t> lastPtsUs;
  std::optional<Error> error;
  void take(const Delivery& delivery) {
    for (const TaskRef& task : delivery.tasks) {
      ordered = ordered && task->seq == count[task->source];
      count[task->source]++;
      total++;
      const auto [it, first] = lastPtsUs.emplace(task->source, task->ptsUs);
      timesGrow = timesGrow && (first || task->ptsUs > it->second);
      it->second = task->ptsUs;
    }
    ended = delivery.ended;
    if (delivery.error) error = delivery.error;
  }
};

struct Packets {
  int64_t audio = 0;
  int64_t count = 0;
  size_t bytes = 0;
  bool ordered = true;
};

class PipelineRun {
 public:
  PipelineRun(PipelineSpec spec, unsigned seed) : seed(seed), answerer(seed) {
    PipelineHooks hooks;
    hooks.ask = [this](int32_t module, const TaskRef& task, int64_t attempt, const InputRef& input) {
      const bool wanted = pipeline->spec().modules[static_cast<size_t>(module)].input.has_value();
      if (wanted != (input != nullptr)) inputsWrong++;
      if (watch) watch(*task, input);
      answerer.ask(module, task->id, attempt);
    };
    spec.shared = shared;
    pipeline = std::make_unique<Pipeline>(std::move(spec), std::move(hooks));
    answerer.open(pipeline.get());
    pipeline->done([this](std::optional<Error> error) {
      doneCalls++;
      done.set_value(std::move(error));
    });
  }
  ~PipelineRun() {
    pipeline->close(false);
    answerer.stop();
  }

  Delivery next(size_t max) {
    auto promise = std::make_shared<std::promise<Delivery>>();
    pipeline->next(max, [promise](Delivery d) { promise->set_value(std::move(d)); });
    return within(promise->get_future(), "a delivery", seed);
  }
  Seen drain() {
    Seen seen;
    while (!seen.ended) seen.take(next(8));
    return seen;
  }
  // Until there are no more; on the calling thread.
  Packets takePackets(int pauseUs = 0) {
    Packets packets;
    Random random(seed);
    int64_t lastDtsUs = INT64_MIN;
    for (;;) {
      auto promise = std::make_shared<std::promise<std::optional<Packet>>>();
      pipeline->nextPacket("", [promise](std::optional<Packet> p) { promise->set_value(std::move(p)); });
      const std::optional<Packet> packet = within(promise->get_future(), "a packet", seed);
      if (!packet) return packets;
      if (packet->stream == PacketStream::audio) {
        packets.audio++;
        continue;
      }
      packets.count++;
      packets.bytes += packet->data->size();
      packets.ordered = packets.ordered && packet->dtsUs > lastDtsUs && packet->ptsUs >= packet->dtsUs;
      lastDtsUs = packet->dtsUs;
      if (pauseUs) random.pause(pauseUs);
    }
  }
  // The same of canvases.
  void takeCanvases() {
    for (;;) {
      auto promise = std::make_shared<std::promise<std::optional<FrameRef>>>();
      pipeline->nextCanvas("", [promise](std::optional<FrameRef> canvas) { promise->set_value(std::move(canvas)); });
      if (!within(promise->get_future(), "a canvas", seed)) return;
    }
  }
  std::optional<Error> waitDone() { return within(done.get_future(), "the end of the run", seed); }

  // After close(): conservation, and nothing left alive; of a GPU that is lost libavcodec's encoder keeps its canvases.
  Report closed(bool lost = false) {
    const Report report = pipeline->report();
    for (const SourceReport& source : report.sources) {
      int64_t dropped = 0;
      for (const auto& [cause, n] : source.counts.dropped) dropped += n;
      CHECK_EQUAL(source.counts.in, source.counts.delivered + dropped + source.counts.inFlight);
      CHECK_EQUAL(source.counts.inFlight, 0);
    }
    CHECK_EQUAL(report.live.tasks, 0);
    CHECK_EQUAL(report.live.leases, 0);
    if (!lost) CHECK_EQUAL(report.live.deviceBytes, size_t{0});
    CHECK_EQUAL(inputsWrong.load(), 0);
    CHECK_EQUAL(shared->leased(), size_t{0});
    CHECK_EQUAL(doneCalls.load(), 1);
    CHECK(pipeline->progress().state == "over");
    return report;
  }

  const unsigned seed;
  std::function<void(const Task& task, const InputRef& input)> watch;  // inputs of JS modules; set before start
  std::promise<std::optional<Error>> done;
  std::atomic<int> doneCalls{0}, inputsWrong{0};
  const std::shared_ptr<SharedMemory> shared = SharedMemory::open();
  Answerer answerer;
  std::unique_ptr<Pipeline> pipeline;
};

inline SourceSpec fileSource(const std::string& id, const std::string& path) {
  SourceSpec source;
  source.id = id;
  source.reader.uri = path;
  source.reader.threads = 1;
  return source;
}

inline ModuleSpec jsModule(const std::string& name, std::vector<std::string> depends = {}, bool pixels = false) {
  ModuleSpec module;
  module.kind = ModuleSpec::Kind::js;
  module.name = name;
  module.depends = std::move(depends);
  module.pixels = pixels;
  return module;
}

inline compose::LayoutSpec canvas(compose::LayoutKind kind, int tiles, int width = 160, int height = 96) {
  compose::LayoutSpec layout;
  layout.kind = kind;
  layout.width = width;
  layout.height = height;
  for (int t = 0; t < tiles; t++) {
    layout.tiles.emplace_back();
    layout.tiles.back().source = t;
  }
  return layout;
}

// The first of a spec.
inline CompositionSpec& composition(PipelineSpec& spec) {
  if (spec.compositions.empty()) spec.compositions.emplace_back().name = "0";
  return spec.compositions.front();
}

inline OutputSpec encoded(const std::string& path, bool packets = false) {
  OutputSpec output;
  output.name = path.empty() ? "packets" : path;
  output.path = path;
  output.packets = packets;
  output.encoder.profile = media::Profile::realtime;
  output.encoder.threads = 1;
  return output;
}

// Decodes all of it without a complaint; returns its frames.
inline int64_t playedFrames(const std::string& path) {
  // In the times of the file: rounded to a frame rate, pictures that are close together would have one time.
  clip::ffmpeg("-i " + path + " -enc_time_base -1 -f null -");
  return std::atoll(clip::streamValues(path, "v:0")["nb_read_frames"].c_str());
}

}  // namespace pipeline_run
