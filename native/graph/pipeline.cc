// Opening and ending a run. What can be asked of it is in pipeline_state.cc.
#include "graph/pipeline.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include "core/clock.h"

namespace framepath::graph {
namespace {

constexpr std::chrono::seconds kDrainTime{2};

int32_t cores() { return std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency())); }

bool usesModel(const ModuleSpec& spec) {
  if (spec.kind == ModuleSpec::Kind::identify) return spec.identity.mode != track::ReidMode::off;
  return spec.kind == ModuleSpec::Kind::detect || spec.kind == ModuleSpec::Kind::classify || spec.kind == ModuleSpec::Kind::raw;
}

int32_t even(int32_t value) { return std::max(2, value & ~1); }

// Each of a run's threads had an arena of the allocator's: without this, run after run leaves its peak there.
void returnFreeMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

Error withSource(Error error, const std::string& id) {
  if (error.source.empty()) error.source = id;
  return error;
}

}  // namespace

Pipeline::Pipeline(PipelineSpec spec, PipelineHooks hooks) : spec_(std::move(spec)), hooks_(std::move(hooks)) {
  for (size_t m = 0; m < spec_.modules.size(); m++) {
    const ModuleSpec& module = spec_.modules[m];
    if (module.kind != ModuleSpec::Kind::js) continue;
    const auto number = static_cast<int32_t>(m);
    externals_[number] = std::make_shared<ExternalModule>(
        module.name, module.policy.timeoutMs, [this, number](const TaskRef& task) { hooks_.ask(number, task); });
  }
}

Pipeline::~Pipeline() { close(false); }

Pipeline::OpenSource Pipeline::openOne(const SourceSpec& spec, int32_t sourceCount, std::shared_ptr<FrameSource>& frames) {
  OpenSource open;
  open.spec = spec;
  if (spec.kind == SourceSpec::Kind::frames) {
    open.pushed = std::make_shared<PushedSource>(device_, spec.format, spec.width, spec.height);
    open.info.kind = "frames";
    open.info.width = open.info.codedWidth = spec.width;
    open.info.height = open.info.codedHeight = spec.height;
    open.info.fps = {static_cast<int32_t>(spec.fps * 1000 + 0.5), 1000};
    frames = open.pushed;
    return open;
  }
  media::SourceOptions reader = spec.reader;
  if (reader.threads <= 0) reader.threads = std::max(1, cores() / std::max(1, sourceCount));
  reader.extraFrames = spec_.inFlight + 2;
  try {
    open.reader = media::openSource(reader, device_);
  } catch (const Error& e) {
    throw withSource(e, spec.id);
  }
  open.info = open.reader->info();
  frames = std::make_shared<ReaderSource>(open.reader);
  return open;
}

std::shared_ptr<infer::Model> Pipeline::loadModel(ModuleSpec& spec) {
  infer::ModelOptions options = spec.model;
  options.maxBatch = std::max(1, spec.policy.maxBatch);
  if (spec.kind == ModuleSpec::Kind::identify) options.maxBatch = std::max(options.maxBatch, 4);
  try {
    return infer::loadModel(runtime_, device_, options);
  } catch (Error& e) {
    if (e.module.empty()) e.module = spec.name;
    throw;
  }
}

SourceFacts Pipeline::factsOf(int32_t source) const {
  std::lock_guard lock(mutex_);
  SourceFacts facts;
  if (source < 0 || source >= static_cast<int32_t>(sources_.size())) return facts;
  const OpenSource& open = sources_[static_cast<size_t>(source)];
  const double fps = open.info.fps.value();
  if (fps > 0) facts.fps = fps / std::max(1, open.spec.reader.stride);
  if (open.spec.reader.maxFps > 0) facts.fps = std::min(facts.fps, open.spec.reader.maxFps);
  return facts;
}

// The model's word on how its prints are compared counts where the caller said nothing.
IdentityState Pipeline::openIdentities(ModuleSpec& spec, const infer::Model* model) const {
  track::IdentityOptions& identity = spec.identity;
  if (model) {
    const infer::ModelSpec& said = model->spec();
    if (!spec.metricStated && !said.metric.empty()) identity.metric = said.metric;
    if (!spec.thresholdStated && said.threshold > 0 && identity.metric == said.metric) identity.threshold = said.threshold;
    if (!spec.thresholdStated && said.threshold <= 0 && identity.metric == "cosine") identity.threshold = 0.5;
  }
  IdentityState state;
  state.identities = track::makeIdentities(identity);
  if (!spec.bank.empty()) {
    std::ifstream file(spec.bank, std::ios::binary);
    if (!file) throw Error(ErrorCode::INVALID_ARGUMENT, "The identity bank " + spec.bank + " cannot be read.", "Give a file written by run.bank().");
    state.identities->load({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }
  return state;
}

std::vector<ModuleNode> Pipeline::buildNodes() {
  std::vector<ModuleNode> nodes;
  const FactsOf facts = [this](int32_t source) { return factsOf(source); };
  const auto numberOf = [&](const std::string& name, const std::string& user) {
    for (size_t m = 0; m < observationOf_.size(); m++)
      if (spec_.modules[m].name == name) return observationOf_[m];
    Error error(ErrorCode::GRAPH_INVALID, "Module \"" + user + "\" depends on \"" + name + "\", which is not used before it.",
                "Add .use(...) for \"" + name + "\" before \"" + user + "\".");
    error.module = user;
    throw error;
  };
  const auto specOf = [&](const std::string& name) -> const ModuleSpec& {
    return *std::find_if(spec_.modules.begin(), spec_.modules.end(), [&](const ModuleSpec& m) { return m.name == name; });
  };
  const int32_t sourceCount = std::max<int32_t>(1, static_cast<int32_t>(spec_.sources.size()));
  for (size_t m = 0; m < spec_.modules.size(); m++) {
    ModuleSpec& spec = spec_.modules[m];
    const auto first = static_cast<int32_t>(nodes.size());
    if (spec.workers <= 0) spec.workers = spec.kind == ModuleSpec::Kind::detect ? std::min(sourceCount, cores()) : 1;
    if (spec.kind != ModuleSpec::Kind::js && spec.policy.timeoutMs > 0)
      throw Error(ErrorCode::GRAPH_INVALID, "Module \"" + spec.name + "\" has a timeoutMs, but only JS modules can time out.",
                  "Remove timeoutMs.");
    switch (spec.kind) {
      case ModuleSpec::Kind::detect: nodes.push_back(detectNode(spec, models_[m])); break;
      case ModuleSpec::Kind::classify: nodes.push_back(classifyNode(spec, models_[m])); break;
      case ModuleSpec::Kind::raw: nodes.push_back(rawNode(spec, models_[m])); break;
      case ModuleSpec::Kind::track: nodes.push_back(trackNode(spec, numberOf(spec.of, spec.name), facts)); break;
      case ModuleSpec::Kind::identify: {
        const int32_t tracks = numberOf(spec.of, spec.name);
        const ModuleSpec& tracker = specOf(spec.of);
        if (tracker.kind != ModuleSpec::Kind::track)
          throw Error(ErrorCode::GRAPH_INVALID, "identify(\"" + spec.name + "\") needs tracks, but \"" + spec.of + "\" is not a tracker.",
                      "Use identify('" + spec.name + "', { of: <a track module> }).");
        IdentityState identity = openIdentities(spec, models_[m].get());
        if (!identity_.identities) {
          identity_ = identity;
          identifyModule_ = static_cast<int32_t>(m);
        }
        const std::string detections = tracker.of;
        for (ModuleNode& node : identifyNodes(spec, detections, tracks, numberOf(detections, spec.name), first, models_[m], identity, facts))
          nodes.push_back(std::move(node));
        if (spec_.snapshots && !shots_) {
          shots_ = std::make_shared<Shots>(device_);
          observationOf_.push_back(static_cast<int32_t>(nodes.size()) - 1);
          nodes.push_back(Shots::node(shots_, spec.of, tracks));
          continue;
        }
        break;
      }
      case ModuleSpec::Kind::js: {
        ModuleNode node;
        node.name = spec.name;
        node.depends = spec.depends;
        node.policy = spec.policy;
        node.stateful = true;  // a user's closure keeps what it likes: each source in order, one at a time
        node.pixels = spec.pixels;
        node.acceptsNothing = true;  // sees undefined where a dependency has nothing
        node.openWorker = [external = externals_.at(static_cast<int32_t>(m))] { return external->openWorker(); };
        nodes.push_back(std::move(node));
        break;
      }
    }
    observationOf_.push_back(static_cast<int32_t>(nodes.size()) - 1);
  }
  return nodes;
}

std::vector<media::AudioInput> Pipeline::audioInputs() const {
  std::vector<media::AudioInput> inputs;
  const OutputSpec& output = *spec_.output;
  if (output.path.empty() || output.audio == OutputSpec::Audio::none) return inputs;
  for (size_t s = 0; s < sources_.size(); s++) {
    const OpenSource& source = sources_[s];
    const bool sounds = source.spec.kind == SourceSpec::Kind::file && !source.info.audio.empty();
    const bool wanted = output.audio == OutputSpec::Audio::source ? static_cast<int32_t>(s) == output.audioSource : sounds;
    if (!wanted || !sounds) continue;
    const media::SourceOptions& reader = source.spec.reader;
    inputs.push_back({reader.uri, reader.startMs, reader.endMs, 0, reader.limits});
    if (output.audio != OutputSpec::Audio::mix) break;
  }
  return inputs;
}

std::shared_ptr<Programme> Pipeline::openProgramme() {
  if (!spec_.output) return nullptr;
  if (spec_.inFlight < 3)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "A composition holds two frames of each source, so inFlight: " + std::to_string(spec_.inFlight) + " leaves none to work on.",
                "Use inFlight of at least 3, or no compose/encode.");
  if (sources_.empty()) throw Error(ErrorCode::INVALID_ARGUMENT, "There is nothing to compose: the pipeline has no source.", "Add a source.");
  ProgrammeOptions options;
  options.layout = spec_.layout ? *spec_.layout : compose::LayoutSpec{};
  compose::LayoutSpec& layout = options.layout;
  if (layout.tiles.empty()) {
    layout.perSource = true;
    for (size_t s = 0; s < sources_.size(); s++) {
      layout.tiles.emplace_back();
      layout.tiles.back().source = static_cast<int32_t>(s);
    }
  }
  for (const compose::TileSpec& tile : layout.tiles)
    if (tile.source < 0 || tile.source >= static_cast<int32_t>(sources_.size()))
      throw Error(ErrorCode::INVALID_ARGUMENT, "A tile shows source " + std::to_string(tile.source) + ", but there are " + std::to_string(sources_.size()) + " sources.",
                  "Sources count from 0.");
  for (compose::TileSpec& tile : layout.tiles)
    if (tile.label.empty()) tile.label = sources_[static_cast<size_t>(tile.source)].spec.id;
  if (layout.width <= 0 || layout.height <= 0) {  // the size of the first source
    layout.width = even(sources_[0].info.width);
    layout.height = even(sources_[0].info.height);
    if (layout.kind == compose::LayoutKind::custom && layout.tiles[0].rect.area() <= 0)
      layout.tiles[0].rect = {0, 0, static_cast<float>(layout.width), static_cast<float>(layout.height)};
  }
  if (layout.fpsNum <= 0) {
    media::Rational fps{25, 1};
    double largest = 0;
    for (const OpenSource& source : sources_) {
      const media::SourceOptions& reader = source.spec.reader;
      double rate = source.info.fps.value() / std::max(1, reader.stride);
      if (reader.maxFps > 0) rate = std::min(rate, reader.maxFps);
      if (rate <= largest) continue;
      largest = rate;
      fps = source.info.fps;
      fps.den *= std::max(1, reader.stride);
      if (reader.maxFps > 0 && reader.maxFps < fps.value()) fps = {static_cast<int32_t>(reader.maxFps * 1000 + 0.5), 1000};
    }
    layout.fpsNum = fps.num;
    layout.fpsDen = fps.den;
  }
  options.output = *spec_.output;
  options.output.encoder.width = layout.width;
  options.output.encoder.height = layout.height;
  options.output.encoder.fps = {layout.fpsNum, layout.fpsDen};
  options.audio = audioInputs();
  for (const OpenSource& source : sources_) options.sources.push_back({source.spec.id, source.spec.live});
  return std::make_shared<Programme>(std::move(options), device_, [this](const Error& e) {
    std::shared_ptr<Engine> running;
    {
      std::lock_guard lock(mutex_);
      running = engine_;
    }
    if (running) running->fail(e);
  });
}

void Pipeline::start() {
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::created) throw Error(ErrorCode::RUN_CLOSED, "The run has been started or closed before.", "Make a new run.");
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
    std::shared_ptr<Device> device = openDevice(spec_.device);
    std::lock_guard lock(mutex_);
    device_ = std::move(device);
  }
  const auto sourceCount = static_cast<int32_t>(spec_.sources.size());
  std::vector<std::shared_ptr<FrameSource>> frames;
  for (const SourceSpec& spec : spec_.sources) {
    checkOpen();
    frames.emplace_back();
    OpenSource open = openOne(spec, sourceCount, frames.back());
    std::lock_guard lock(mutex_);
    sources_.push_back(std::move(open));
  }
  checkOpen();
  for (ModuleSpec& spec : spec_.modules) {
    const bool needed = usesModel(spec);
    if (needed && !runtime_) runtime_ = infer::openRuntime(spec_.runtimeLibraries);
    models_.push_back(needed ? loadModel(spec) : nullptr);
    labels_.push_back(needed ? models_.back()->spec().labels : std::vector<std::string>{});
    checkOpen();
    std::lock_guard lock(mutex_);
    if (needed) modelReports_.push_back({models_.back()->spec(), models_.back()->provider()});
  }
  std::vector<ModuleNode> nodes = buildNodes();
  std::shared_ptr<Programme> programme = openProgramme();
  if (programme) nodes.push_back(programme->sinkNode(&graph_));

  EngineHooks engineHooks;
  engineHooks.sourceFinished = [this, programme](int32_t source) {
    sourceFinished(*engine_, programme.get(), source);
  };
  engineHooks.drained = [this] {
    std::lock_guard lock(mutex_);
    drained_ = true;
    changed_.notify_all();
  };
  auto engine = std::make_shared<Engine>(Graph(std::move(nodes)), engineHooks, EngineOptions{spec_.open, spec_.keepPixels});
  graph_ = &engine->graph();
  for (size_t s = 0; s < frames.size(); s++)
    engine->addSource(std::move(frames[s]), {spec_.sources[s].id, spec_.sources[s].live, spec_.inFlight, spec_.resultQueue});
  {
    std::lock_guard lock(mutex_);
    if (stopped_) throw Error(ErrorCode::RUN_CLOSED, "The run was closed while it started.");
    engine_ = engine;
    programme_ = programme;
    state_ = State::running;
  }
  if (programme) programme->start();
  finisher_ = std::thread([this] { finishRun(); });
  engine->start();
}

void Pipeline::sourceFinished(Engine& engine, Programme* programme, int32_t source) {
  const std::vector<SourceCounts> counts = engine.counts();
  const SourceCounts& ended = counts[static_cast<size_t>(source)];
  if (programme) programme->sourceFinished(source, ended.error.has_value());
  const bool othersGoOn = std::any_of(counts.begin(), counts.end(), [](const SourceCounts& other) { return !other.error; });
  if (ended.error && othersGoOn) recovered({ended.id, "source lost, the others went on", ended.error->sentence});
}

void Pipeline::recovered(Recovery recovery) {
  if (hooks_.recovered) hooks_.recovered(recovery);
  std::lock_guard lock(mutex_);
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
    if (error || stopped) programme->stop(true);
    bool complete = !error && !stopped;
    for (const SourceCounts& counts : engine->counts()) complete = complete && !counts.error;
    try {
      outputs.push_back(programme->finish(complete));
    } catch (const Error& e) {
      if (!error) error = e;
      media::OutputResult& lost = outputs.emplace_back();
      lost.path = spec_.output->path;
      lost.frames = programme->ticks();
    }
    if (!error) error = engine->error();  // composing or encoding may have failed after the last frame
    follow = programme->followStats();
    for (const media::OutputResult& output : outputs)
      for (const std::string& loss : output.soundLosses) recovered({output.path, "sound lost, silence from there", loss});
  }
  std::vector<Done> callbacks;
  {
    std::lock_guard lock(mutex_);
    error_ = error;
    for (media::OutputResult& output : outputs) output.complete = output.complete && !error && !stopped_;
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

void Pipeline::close(bool drain) {
  std::unique_lock closing(closing_);
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Programme> programme;
  bool over = false;
  {
    std::unique_lock lock(mutex_);
    if (opening_) stopped_ = true;
    changed_.wait(lock, [&] { return !opening_; });  // start() gives up at its next step
    // Every frame is composed or about to be: what is left is the end of a whole file.
    if (drain && drained_ && !stopped_) changed_.wait_for(lock, kDrainTime, [&] { return state_ == State::over; });
    over = state_ == State::over;
    if (!over) stopped_ = true;
    engine = engine_;
    programme = programme_;
  }
  if (engine) engine->stop();
  if (programme && !over) programme->stop(drain);
  if (finisher_.joinable()) finisher_.join();
  if (engine) engine->join();
  std::vector<Done> callbacks;
  std::optional<Error> error;
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
    engine_.reset();
    programme_.reset();
    shots_.reset();
    models_.clear();
    for (OpenSource& source : sources_) {
      source.pushed.reset();
      if (source.reader) source.counted = source.reader->counters();
      source.reader.reset();
    }
  }
  engine.reset();
  programme.reset();
  returnFreeMemory();
  closing.unlock();
  for (Done& callback : callbacks) callback(error);
}

}  // namespace framepath::graph
