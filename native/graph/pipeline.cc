// Life of a run: start, end, close. What can be asked of it is in pipeline_calls.cc.
#include "graph/pipeline.h"

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/heap.h"
#include "graph/source_openings.h"
#include "media/reader_launcher.h"

namespace framepath::graph {
namespace {

// A run that is broken off ends within two seconds: what is left of them is for trailers.
constexpr int64_t kDrainNs = 800'000'000;
constexpr std::chrono::milliseconds kEndTime{1000};  // for the end of a file whose every frame is composed
constexpr int64_t kEndByNs = 1'600'000'000;          // then remuxing is left

Error closedWhileStarting() {
  return Error(ErrorCode::RUN_CLOSED, "The run was closed while it started.");
}

}  // namespace

Pipeline::Pipeline(PipelineSpec spec, PipelineHooks hooks)
    : spec_(std::move(spec)),
      hooks_(std::move(hooks)),
      trace_(spec_.trace ? std::make_shared<Trace>() : nullptr),
      recoveries_(hooks_.recovered) {
  for (size_t m = 0; m < spec_.modules.size(); m++) {
    const ModuleSpec& module = spec_.modules[m];
    if (module.kind != ModuleSpec::Kind::js) continue;
    const auto number = static_cast<int32_t>(m);
    externals_[number] = std::make_shared<ExternalModule>(
        module.name, module.policy.timeoutMs,
        [this, number](const TaskRef& task, int64_t attempt, const InputRef& input) {
          hooks_.ask(number, task, attempt, input);
        },
        [this, name = module.name](const std::string& reason) {
          recoveries_.add({name, kPixelsOnHost, reason});
        });
  }
}

Pipeline::~Pipeline() {
  close(false);
}

void Pipeline::start() {
  {
    std::lock_guard lock(mutex_);
    if (state_ == RunState::failed && closing_->passed()) throw closedWhileStarting();
    if (state_ != RunState::created)
      throw Error(ErrorCode::RUN_CLOSED, "The run has been started or closed before.", "Make a new run.");
    state_ = RunState::opening;
    startNs_ = nowNs();
    startCpuNs_ = processCpuNs();
  }
  const auto opened = [this](RunState state) {
    std::lock_guard lock(mutex_);
    state_ = state_ == RunState::aborting && state == RunState::running ? RunState::stopping
             : state == RunState::failed && engine_                     ? RunState::stopping  // close() ends it
                                                                        : state;
    changed_.notify_all();
  };
  const auto isolated = [](const SourceSpec& source) { return media::needsReader(source.reader.limits); };
  try {
    if (std::ranges::any_of(spec_.sources, isolated)) media::prepareReaders();
    open();
  } catch (...) {
    opened(RunState::failed);
    if (closing_->passed()) throw closedWhileStarting();
    throw;
  }
  opened(RunState::running);
}

void Pipeline::checkOpen() const {
  std::lock_guard lock(mutex_);
  if (state_ == RunState::aborting) throw closedWhileStarting();
}

void Pipeline::openDevice() {
  std::shared_ptr<Device> device = framepath::openDevice(spec_.device.value, spec_.deviceOptions);
  if (trace_)
    device->timeQueues([trace = trace_](const QueueWork& queued) {
      const Work& work = queued.work;
      trace->add({std::string(work.stage), work.worker, work.source, work.seq, queued.startNs, queued.startNs,
                  queued.endNs, work.batch, queued.queue});
    });
  const std::string reason = device->fallbackReason();
  if (!reason.empty()) recoveries_.add({spec_.device.value, "the CPU instead of the GPU", reason});
  std::lock_guard lock(mutex_);
  device_ = std::move(device);
}

// Models are loaded meanwhile. Who fails first breaks the other off.
std::vector<OpenedSource> Pipeline::openSources(ModuleBuilder& builder) {
  SourceOpenings openings(
      spec_.sources,
      {device_, closing_, spec_.inFlight, static_cast<int32_t>(spec_.sources.size()), recoveries_, output_.hears()},
      [this] { interrupt_->now(); });
  try {
    builder.loadModels([this] { checkOpen(); });
  } catch (...) {
    openings.cancel();
    throw;
  }
  std::vector<OpenedSource> opened = openings.take();
  for (const OpenedSource& source : opened) sources_.add(source.file);
  checkOpen();
  return opened;
}

void Pipeline::open() {
  openDevice();
  ModuleBuilder builder(
      spec_, device_, recoveries_, [this](int32_t source) { return sources_.factsOf(source); }, interrupt_, externals_);
  std::vector<OpenedSource> opened = openSources(builder);
  {
    const Decisions& decisions = builder.decide();
    std::lock_guard lock(mutex_);
    decisions_ = decisions;
  }
  BuiltModules modules = builder.build();
  observationOf_ = std::move(modules.observationOf);
  labels_ = std::move(modules.labels);
  results_.open(std::move(modules.people));
  const std::shared_ptr<Compositions> compositions = output_.open(opened, device_, trace_, [this](const Error& error) {
    std::shared_ptr<Engine> running;
    {
      std::lock_guard lock(mutex_);
      running = engine_;
    }
    if (running) running->fail(error);
  });
  if (compositions)
    for (ModuleNode& sink : compositions->sinkNodes(modules.nodes)) modules.nodes.push_back(std::move(sink));

  EngineHooks engineHooks;
  engineHooks.sourceFinished = [this, compositions](int32_t source) {
    sourceFinished(*engine_, compositions.get(), source);
  };
  engineHooks.drained = [this] {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  };
  engineHooks.sampled = hooks_.sampled;
  engineHooks.onlyLate = [this](int32_t source) {
    recoveries_.add({sources_.idOf(source), "results too old",
                     "The modules take longer than its maxAgeMs: no result has been delivered for a while."});
  };
  auto engine = std::make_shared<Engine>(Graph(std::move(modules.nodes)), engineHooks,
                                         EngineOptions{spec_.open, spec_.keepPixels, trace_});
  graph_ = &engine->graph();
  for (OpenedSource& source : opened) engine->addSource(std::move(source.frames), engineOptions(source.file));
  finisher_ = std::thread([this] { finishRun(); });
  {
    std::lock_guard lock(mutex_);
    if (state_ == RunState::aborting) throw closedWhileStarting();
    models_ = std::move(modules.models);
    engine_ = engine;
    compositions_ = compositions;
    if (device_->id().kind == DeviceKind::cuda) gpu_ = std::make_unique<telemetry::GpuSampler>(device_->pciBusId());
  }
  if (compositions) compositions->start();
  engine->start();
  for (const OpenedSource& source : opened)
    if (source.file.live()) silence_.add(source.file.spec.id, source.file.link);
}

SourceOptions Pipeline::engineOptions(const SourceFile& file) const {
  return {file.spec.id, file.live(), spec_.inFlight, spec_.resultQueue,
          file.live() ? file.spec.maxAgeMs * 1'000'000 : 0};
}

void Pipeline::sourceFinished(const Engine& engine, Compositions* compositions, int32_t source) {
  const SourceCounts ended = engine.counts(source);
  if (compositions) compositions->sourceFinished(source, ended.error.has_value());
  if (ended.error && !engine.allSourcesFailed())
    recoveries_.add({ended.id, "source lost, the others went on", ended.error->sentence});
}

// Waits for the engine to drain, then ends the outputs.
void Pipeline::finishRun() {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Compositions> compositions;
  bool stopped = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return state_ == RunState::failed || (state_ >= RunState::running && engine_->drained()); });
    if (state_ == RunState::failed) return;
    if (state_ == RunState::running) state_ = RunState::finishing;
    stopped = state_ == RunState::stopping;
    engine = engine_;
    compositions = compositions_;
  }
  std::optional<Error> error = engine->error();
  std::vector<OutputReport> outputs;
  std::vector<FollowReport> follow;
  if (compositions) {
    if (error || stopped) compositions->stop(nowNs() + kDrainNs);
    outputs = compositions->finish(!error && !stopped);
    if (!error) error = compositions->failure();  // also after the last frame: the engine had ended
    follow = compositions->followStats();
    output_.reportLosses(outputs, sources_);
  }
  engine->join();  // workers and readers go; results that wait to be taken stay
  silence_.stop();
  if (gpu_) gpu_->stop();
  std::vector<Done> callbacks;
  {
    std::lock_guard lock(mutex_);
    error_ = error;
    for (OutputReport& output : outputs) output.result.complete = output.result.complete && !error;
    outputs_ = std::move(outputs);
    follow_ = std::move(follow);
    endNs_ = nowNs();
    endCpuNs_ = processCpuNs();
    state_ = RunState::over;
    callbacks.swap(doneCallbacks_);
    changed_.notify_all();
  }
  for (Done& callback : callbacks) callback(error);
}

void Pipeline::done(Done callback) {
  std::optional<Error> error;
  {
    std::lock_guard lock(mutex_);
    if (state_ != RunState::over) {
      doneCallbacks_.push_back(std::move(callback));
      return;
    }
    error = error_;
  }
  callback(error);
}

void Pipeline::stop() {
  std::shared_ptr<Engine> engine;
  {
    std::lock_guard lock(mutex_);
    switch (state_) {
      case RunState::created: state_ = RunState::failed; break;
      case RunState::opening:
        state_ = RunState::aborting;
        outputStops_.deadline->now();
        break;
      case RunState::running:
        if (!engine_->drained()) state_ = RunState::stopping;
        break;
      case RunState::aborting:
      case RunState::failed:
      case RunState::finishing:
      case RunState::stopping:
      case RunState::over: break;
    }
    engine = engine_;
  }
  recordings_.stop();
  if (engine) engine->stop();  // first: what the others break off fails, and is no failure of the run any more
  interrupt_->now();
  closing_->now();  // start() ends at once where it waits for a peer, else at its next step
}

void Pipeline::end(bool drain) {
  const int64_t startNs = nowNs();
  outputStops_.endBy->at(startNs + kEndByNs);
  stop();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return state_ != RunState::opening && state_ != RunState::aborting; });
  const std::shared_ptr<Compositions> compositions = compositions_;
  if (!engine_) return;
  if (compositions) compositions->wake();  // packets that wait until they are due go out now
  const auto over = [&] { return state_ == RunState::over; };
  // Every frame is composed or about to be: what is left is the end of a whole file.
  if (drain && state_ != RunState::stopping) changed_.wait_for(lock, kEndTime, over);
  if (over()) return;
  state_ = RunState::stopping;
  lock.unlock();
  if (compositions) drain ? compositions->stop(startNs + kDrainNs) : compositions->abort();
  lock.lock();
  changed_.wait(lock, over);
}

void Pipeline::close(bool drain) {
  end(drain);
  recordings_.wait();
  std::unique_lock freeing(freeing_);
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Compositions> compositions;
  {
    std::lock_guard lock(mutex_);
    engine = engine_;
    compositions = compositions_;
  }
  if (finisher_.joinable()) finisher_.join();
  if (engine) engine->join();
  silence_.stop();
  if (gpu_) gpu_->stop();
  results_.closeShots();
  std::vector<Done> callbacks;
  std::optional<Error> error;
  bool encoderLeft = false;
  {
    std::lock_guard lock(mutex_);
    if (!endNs_ && startNs_) {
      endNs_ = nowNs();
      endCpuNs_ = processCpuNs();
    }
    state_ = RunState::over;
    callbacks.swap(doneCallbacks_);
    error = error_;
    finalCounts_ = countsLocked();
    finalCanvas_ = canvasLocked();
    finalStages_ = stagesLocked();
    if (compositions_) encoders_ = compositions_->encoders();
    engine_.reset();
    compositions_.reset();
    spec_.shared.reset();
  }
  engine.reset();
  compositions.reset();
  {
    std::lock_guard lock(mutex_);
    encoderLeft = std::ranges::any_of(encoders_, [](const auto& encoder) { return !encoder.expired(); });
  }
  if (!encoderLeft) returnFreeMemory();  // else with the encoder
  freeing.unlock();
  for (Done& callback : callbacks) callback(error);
}

}  // namespace framepath::graph
