// Life of a run: start, end, close. What it opens is in pipeline_build.cc and pipeline_programme.cc, what can be asked
// of it in pipeline_state.cc.
#include "graph/pipeline.h"

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/heap.h"
#include "media/reader_launcher.h"

namespace framepath::graph {
namespace {

// A run that is broken off ends within two seconds: what is left of them is for trailers.
constexpr int64_t kDrainNs = 800'000'000;
constexpr std::chrono::milliseconds kEndTime{1000};  // for the end of a file whose every frame is composed
constexpr int64_t kEndByNs = 1'600'000'000;          // then remuxing is left

constexpr size_t kMostRecoveries = 1000;  // the first half and the latest; a live stream may break off for months

bool usesModel(const ModuleSpec& spec) {
  if (spec.kind == ModuleSpec::Kind::identify) return spec.identity.mode != track::ReidMode::off;
  return spec.kind == ModuleSpec::Kind::detect || spec.kind == ModuleSpec::Kind::classify ||
         spec.kind == ModuleSpec::Kind::raw;
}

}  // namespace

Pipeline::Pipeline(PipelineSpec spec, PipelineHooks hooks)
    : spec_(std::move(spec)), hooks_(std::move(hooks)), trace_(spec_.trace ? std::make_shared<Trace>() : nullptr) {
  const auto isolated = [](const SourceSpec& source) { return media::needsReader(source.reader.limits); };
  if (std::any_of(spec_.sources.begin(), spec_.sources.end(), isolated)) media::prepareReaders();
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
          recovered({name, kPixelsOnHost, reason});
        });
  }
}

Pipeline::~Pipeline() {
  close(false);
}

void Pipeline::start() {
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::created)
      throw Error(ErrorCode::RUN_CLOSED, "The run has been started or closed before.", "Make a new run.");
    state_ = State::starting;
    opening_ = true;
    startNs_ = nowNs();
    startCpuNs_ = processCpuNs();
  }
  const auto opened = [this] {
    std::lock_guard lock(mutex_);
    opening_ = false;
    changed_.notify_all();
  };
  try {
    open();
  } catch (...) {
    opened();
    if (closing_->passed()) throw Error(ErrorCode::RUN_CLOSED, "The run was closed while it started.");
    throw;
  }
  opened();
}

void Pipeline::open() {
  const auto checkOpen = [this] {
    std::lock_guard lock(mutex_);
    if (stopped_) throw Error(ErrorCode::RUN_CLOSED, "The run was closed while it started.");
  };
  {
    std::shared_ptr<Device> device = openDevice(spec_.device, spec_.deviceOptions);
    if (trace_)
      device->timeQueues([trace = trace_](const QueueWork& told) {
        const Work& work = told.work;
        trace->add({std::string(work.stage), work.worker, work.source, work.seq, told.startNs, told.startNs, told.endNs,
                    work.batch, told.queue});
      });
    const std::string reason = device->fallbackReason();
    if (!reason.empty()) recovered({spec_.device, "the CPU instead of the GPU", reason});
    std::lock_guard lock(mutex_);
    device_ = std::move(device);
  }
  const auto sourceCount = static_cast<int32_t>(spec_.sources.size());
  std::vector<OpenedSource> opened;
  for (const SourceSpec& spec : spec_.sources) {
    checkOpen();
    opened.push_back(openOne(spec, sourceCount));
    std::lock_guard lock(mutex_);
    sources_.push_back(opened.back().file);
  }
  checkOpen();
  for (ModuleSpec& spec : spec_.modules) {
    const bool needed = usesModel(spec);
    if (needed && !runtime_) runtime_ = infer::openRuntime(spec_.runtimeLibraries);
    models_.push_back(needed ? loadModel(spec) : nullptr);
    labels_.push_back(needed ? models_.back()->spec().labels : std::vector<std::string>{});
    checkOpen();
    if (!needed) continue;
    const infer::Model& model = *models_.back();
    std::lock_guard lock(mutex_);
    modelReports_.push_back({model.spec(), model.provider(), model.falls(), model.batch()});
  }
  std::vector<ModuleNode> nodes = buildNodes();
  std::shared_ptr<Programme> programme = openProgramme(opened);
  if (programme) nodes.push_back(programme->sinkNode(nodes));

  EngineHooks engineHooks;
  engineHooks.sourceFinished = [this, programme](int32_t source) { sourceFinished(*engine_, programme.get(), source); };
  engineHooks.drained = [this] {
    std::lock_guard lock(mutex_);
    drained_ = true;
    changed_.notify_all();
  };
  engineHooks.sampled = hooks_.sampled;
  auto engine = std::make_shared<Engine>(Graph(std::move(nodes)), engineHooks,
                                         EngineOptions{spec_.open, spec_.keepPixels, trace_});
  graph_ = &engine->graph();
  for (OpenedSource& source : opened)
    engine->addSource(std::move(source.frames),
                      {source.file.spec.id, source.file.live(), spec_.inFlight, spec_.resultQueue});
  {
    std::lock_guard lock(mutex_);
    if (stopped_) throw Error(ErrorCode::RUN_CLOSED, "The run was closed while it started.");
    engine_ = engine;
    programme_ = programme;
    if (device_->id().kind == DeviceKind::cuda) gpu_ = std::make_unique<telemetry::GpuSampler>(device_->pciBusId());
    state_ = State::running;
  }
  if (programme) programme->start();
  finisher_ = std::thread([this] { finishRun(); });
  engine->start();
}

void Pipeline::sourceFinished(Engine& engine, Programme* programme, int32_t source) {
  const SourceCounts ended = engine.counts(source);
  if (programme) programme->sourceFinished(source, ended.error.has_value());
  if (ended.error && !engine.allSourcesFailed())
    recovered({ended.id, "source lost, the others went on", ended.error->sentence});
}

void Pipeline::recovered(Recovery recovery) {
  if (hooks_.recovered) hooks_.recovered(recovery);
  std::lock_guard lock(mutex_);
  recovered_[recovery.what]++;
  if (recoveries_.size() == kMostRecoveries) recoveries_.erase(recoveries_.begin() + kMostRecoveries / 2);
  recoveries_.push_back(std::move(recovery));
}

// Waits for the engine to drain, then ends the outputs.
void Pipeline::finishRun() {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Programme> programme;
  bool stopped = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return drained_; });
    state_ = State::finishing;
    engine = engine_;
    programme = programme_;
    stopped = stopped_;
  }
  std::optional<Error> error = engine->error();
  std::vector<media::OutputResult> outputs;
  std::vector<compose::FollowStats> follow;
  if (programme) {
    if (error || stopped) programme->stop(nowNs() + kDrainNs);
    bool complete = !error && !stopped;
    for (const SourceCounts& counts : engine->counts()) complete = complete && !counts.error;
    try {
      outputs.push_back(programme->finish(complete));
    } catch (const Error& e) {
      if (!error) error = e;
      outputs.push_back(outputSoFar(*programme));
    }
    if (!error) error = engine->error();  // composing or encoding may have failed after the last frame
    follow = programme->followStats();
    for (const media::OutputResult& output : outputs)
      for (const std::string& loss : output.soundLosses)
        recovered({output.path, "sound lost, silence from there", loss});
    if (const auto missing = soundNeverCame()) recovered(*missing);
  }
  engine->join();  // workers and readers go; results that wait to be taken stay
  if (gpu_) gpu_->stop();
  std::vector<Done> callbacks;
  {
    std::lock_guard lock(mutex_);
    error_ = error;
    for (media::OutputResult& output : outputs) output.complete = output.complete && !error;
    outputs_ = std::move(outputs);
    follow_ = std::move(follow);
    endNs_ = nowNs();
    endCpuNs_ = processCpuNs();
    state_ = State::over;
    callbacks.swap(doneCallbacks_);
    changed_.notify_all();
  }
  for (Done& callback : callbacks) callback(error);
}

void Pipeline::done(Done callback) {
  std::optional<Error> error;
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::over) {
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
    if (!drained_) stopped_ = true;
    if (opening_) giveUp_->now();
    engine = engine_;
  }
  if (engine) engine->stop();  // first: what the others break off fails, and is no failure of the run any more
  interrupt_->now();
  closing_->now();  // start() gives up at once where it waits for a peer, else at its next step
}

void Pipeline::end(bool drain) {
  const int64_t startNs = nowNs();
  endBy_->at(startNs + kEndByNs);
  stop();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !opening_; });
  const std::shared_ptr<Programme> programme = programme_;
  if (!engine_) return;
  const auto over = [&] { return state_ == State::over; };
  // Every frame is composed or about to be: what is left is the end of a whole file.
  if (drain && !stopped_) changed_.wait_for(lock, kEndTime, over);
  if (over()) return;
  stopped_ = true;
  lock.unlock();
  if (programme) drain ? programme->stop(startNs + kDrainNs) : programme->abort();
  lock.lock();
  changed_.wait(lock, over);
}

void Pipeline::close(bool drain) {
  end(drain);
  std::unique_lock closing(closeMutex_);
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Programme> programme;
  {
    std::lock_guard lock(mutex_);
    engine = engine_;
    programme = programme_;
  }
  if (finisher_.joinable()) finisher_.join();
  if (engine) engine->join();
  if (gpu_) gpu_->stop();
  std::vector<Done> callbacks;
  std::optional<Error> error;
  std::weak_ptr<const void> encoderLeft;
  {
    std::lock_guard lock(mutex_);
    if (!endNs_ && startNs_) {
      endNs_ = nowNs();
      endCpuNs_ = processCpuNs();
    }
    state_ = State::over;
    callbacks.swap(doneCallbacks_);
    error = error_;
    finalCounts_ = countsLocked();
    finalStages_ = stagesLocked();
    if (programme_) encoder_ = programme_->encoder();
    encoderLeft = encoder_;
    engine_.reset();
    programme_.reset();
    shots_.reset();
    models_.clear();
    spec_.shared.reset();
  }
  engine.reset();
  programme.reset();
  if (encoderLeft.expired()) returnFreeMemory();  // else with the encoder
  closing.unlock();
  for (Done& callback : callbacks) callback(error);
}

}  // namespace framepath::graph
