// Queries and requests to a run, before it starts, during it and after it.
#include <algorithm>

#include "core/clock.h"
#include "graph/open_source.h"
#include "graph/pipeline.h"
#include "telemetry/process.h"

namespace framepath::graph {
namespace {

// As Progress::state calls it.
const char* nameOf(RunState state) {
  switch (state) {
    case RunState::created: return "created";
    case RunState::opening:
    case RunState::aborting:
    case RunState::failed: return "starting";
    case RunState::running: return "running";
    case RunState::finishing:
    case RunState::stopping: return "finishing";
    case RunState::over: return "over";
  }
  return "over";
}

}  // namespace

std::shared_ptr<Engine> Pipeline::engine() const {
  std::lock_guard lock(mutex_);
  if (!engine_)
    throw Error(ErrorCode::RUN_CLOSED, "The run is not running.",
                "Await start() first; a closed run cannot be used again.");
  return engine_;
}

std::shared_ptr<Compositions> Pipeline::compositions() const {
  std::lock_guard lock(mutex_);
  return compositions_;
}

std::vector<SourceCounts> Pipeline::countsLocked() const {
  return engine_ ? engine_->counts() : finalCounts_;
}

std::vector<CanvasCounts> Pipeline::canvasLocked() const {
  return compositions_ ? compositions_->countsOf(sources_.size()) : finalCanvas_;
}

std::vector<StageStats> Pipeline::stagesLocked() const {
  if (!engine_) return finalStages_;
  std::vector<StageStats> stages = engine_->stages();
  if (!compositions_) return stages;
  // A composition's sink only hands frames over; its own stages, of the same name, have the times.
  std::vector<StageStats> own = compositions_->stages();
  std::erase_if(stages, [&](const StageStats& stage) {
    return stage.kind == "module" && std::ranges::any_of(own, [&](const StageStats& other) {
             return other.kind == "compose" && other.name == stage.name;
           });
  });
  for (StageStats& stage : own) stages.push_back(std::move(stage));
  return stages;
}

void Pipeline::next(size_t max, Engine::NextCallback callback) {
  engine()->next(max, std::move(callback));
}
void Pipeline::discard() {
  engine()->discard();
}

void Pipeline::checkSubmit() const {
  std::string names, first;
  const std::shared_ptr<Engine> running = engine();
  for (size_t m = 0; m < running->graph().size(); m++) {
    const ModuleNode& node = running->graph().node(m);
    if (!node.stateful || node.internal || node.sink) continue;
    if (first.empty()) first = node.name;
    names += (names.empty() ? "\"" : ", \"") + node.name + "\"";
  }
  if (names.empty()) return;
  const bool one = names.find(',') == std::string::npos;
  Error error(ErrorCode::GRAPH_INVALID,
              std::string(one ? "Module " : "Modules ") + names + (one ? " needs" : " need") +
                  " the frames of a source in order, and a picture that is submitted has none.",
              "Submit to a run without them; an analyzer that keeps nothing between frames can be stateless: true.");
  error.module = first;
  throw error;
}

void Pipeline::submit(FrameRef frame, std::function<void(const TaskRef&)> finished) {
  engine()->submit(std::move(frame), std::move(finished));
}

void Pipeline::sample(int64_t every) {
  std::lock_guard lock(mutex_);
  if (engine_ && hooks_.sampled) engine_->sample(every);
}
void Pipeline::hostServed(Span span) {
  if (trace_) trace_->add(std::move(span));
}

void Pipeline::nextPacket(const std::string& output, PacketQueue::Callback callback) {
  if (const std::shared_ptr<Compositions> running = compositions())
    return running->nextPacket(output, std::move(callback));
  const auto keeps = [](const CompositionSpec& composition) {
    return std::ranges::any_of(composition.outputs, &OutputSpec::packets);
  };
  if (std::ranges::none_of(spec_.compositions, keeps)) throw keepsNoPackets();
  callback(std::nullopt);
}

void Pipeline::nextCanvas(const std::string& composition, CanvasQueue::Callback callback) {
  if (const std::shared_ptr<Compositions> running = compositions())
    return running->nextCanvas(composition, std::move(callback));
  if (std::ranges::none_of(spec_.compositions, &CompositionSpec::canvases)) throw keepsNoCanvases();
  callback(std::nullopt);
}
bool Pipeline::answer(int32_t module, int64_t taskId, int64_t attempt, ExternalModule::Answer answer) {
  const auto it = externals_.find(module);
  return it != externals_.end() && it->second->answer(taskId, attempt, std::move(answer));
}

TaskRef Pipeline::asked(int32_t module, int64_t taskId) const {
  const auto it = externals_.find(module);
  return it == externals_.end() ? nullptr : it->second->asked(taskId);
}

void Pipeline::setLayout(const std::string& composition, compose::LayoutSpec layout, int64_t transitionUs) {
  engine();  // it runs
  const std::shared_ptr<Compositions> compositions = this->compositions();
  if (!compositions) throw composesNothing();
  layout.draw.people = peopleDrawn(layout, spec_.modules);
  compositions->setLayout(composition, std::move(layout), transitionUs);
}

void Pipeline::setAudio(const std::string& composition, const AudioChange& change) {
  engine();  // it runs
  const std::shared_ptr<Compositions> compositions = this->compositions();
  if (!compositions) throw composesNothing();
  compositions->setAudio(composition, change);
}

void Pipeline::addSource(const SourceSpec& spec) {
  std::lock_guard adding(adding_);
  const std::shared_ptr<Engine> running = engine();
  const std::shared_ptr<Compositions> compositions = this->compositions();
  const int32_t number = sources_.size();
  OpenedSource open;
  std::vector<JoiningAudio> audio;
  try {
    open = openSource(spec, {device_, closing_, spec_.inFlight, number + 1, recoveries_, output_.hears()});
    *open.keepHdr = compositions && compositions->keepHdr();
    if (compositions) audio = output_.openJoiningAudio(open, number, *compositions);
  } catch (const Error&) {
    if (closing_->passed()) throw Error(ErrorCode::RUN_CLOSED, "The run was closed while the source was opened.");
    throw;
  }
  const bool live = open.file.live();
  const SourceOptions options = engineOptions(open.file);
  if (compositions) compositions->addSource({number, spec.id, live, {}, open.file.link, options.maxAgeNs}, audio);
  const std::shared_ptr<media::SourceLink> link = open.file.link;
  sources_.add(std::move(open.file));
  try {
    running->addSource(std::move(open.frames), options);
  } catch (...) {
    sources_.removeLast();
    if (compositions) compositions->removeSource(number);
    throw;
  }
  if (live) silence_.add(spec.id, link);
}

RecordingReport Pipeline::record(const RecordingRequest& request) {
  engine();  // it runs
  return recordings_.record(sources_.fileOf(request.source), request);
}

void Pipeline::removeSource(const std::string& id, std::function<void()> removed) {
  const std::shared_ptr<Engine> running = engine();
  const std::shared_ptr<Compositions> compositions = this->compositions();
  const std::vector<int32_t> numbers = sources_.numbersOf(id);
  if (compositions)
    for (const int32_t number : numbers) compositions->removeSource(number);
  try {
    running->removeSource(id, removed);
  } catch (const Error& e) {
    // It had ended by itself: only its tile had to go.
    if (numbers.empty() || e.code != ErrorCode::SOURCE_NOT_FOUND) throw;
    removed();
  }
}

void Pipeline::pushFrame(const std::string& source, const uint8_t* bytes, size_t size, int64_t ptsUs,
                         PushedSource::Taken taken) {
  if (const auto pushed = sources_.pushedOf(source))
    pushed->push(bytes, size, ptsUs, std::move(taken));
  else
    taken(false);
}

void Pipeline::endFrames(const std::string& source, std::optional<Error> error) {
  if (sources_.numbersOf(source).empty()) return;
  if (const auto pushed = sources_.pushedOf(source)) pushed->end(std::move(error));
}

const std::vector<std::string>* Pipeline::labelsOf(size_t specModule) const {
  return specModule < labels_.size() && !labels_[specModule].empty() ? &labels_[specModule] : nullptr;
}

double Pipeline::secondsLocked() const {
  return startNs_ ? static_cast<double>((endNs_ ? endNs_ : nowNs()) - startNs_) / 1e9 : 0;
}

Progress Pipeline::progress() const {
  Progress progress;
  std::lock_guard lock(mutex_);
  progress.state = nameOf(state_);
  if (!startNs_) return progress;
  const double seconds = secondsLocked();
  sources_.addTo(progress, countsLocked(), seconds);
  progress.fps = seconds > 0 ? static_cast<double>(progress.frames) / seconds : 0;
  if (progress.total >= 0 && progress.fps > 0)
    progress.etaMs = static_cast<double>(progress.total - progress.frames) / progress.fps * 1000;
  return progress;
}

Report Pipeline::report() const {
  Report report;
  std::lock_guard lock(mutex_);
  report.device = device_ ? device_->id().name() : spec_.device.value;
  report.wallMs = secondsLocked() * 1e3;
  if (startNs_) report.cpuMs = static_cast<double>((endNs_ ? endCpuNs_ : processCpuNs()) - startCpuNs_) / 1e6;
  report.peakRssBytes = telemetry::peakRssBytes();
  report.sources = sources_.report(countsLocked());
  const std::vector<CanvasCounts> canvas = canvasLocked();
  for (size_t s = 0; s < std::min(canvas.size(), report.sources.size()); s++) report.sources[s].canvas = canvas[s];
  report.stages = stagesLocked();
  if (engine_) {
    report.live.leases = engine_->liveLeases();
    report.live.tasks = engine_->liveTasks();
  }
  report.live.encoders = std::ranges::count_if(compositions_ ? compositions_->encoders() : encoders_,
                                               [](const auto& encoder) { return !encoder.expired(); });
  results_.addTo(report);
  report.models = models_;
  if (device_) {
    for (int kind = 0; kind < static_cast<int>(CopyKind::count); kind++)
      report.copies[kind] = device_->copiedBytes(static_cast<CopyKind>(kind));
    report.live.deviceBytes = device_->liveBytes();
  }
  recoveries_.addTo(report);
  report.outputs = outputs_;
  if (outputs_.empty() && compositions_) report.outputs = compositions_->soFar();
  recordings_.addTo(report);
  report.follow = follow_;
  if (gpu_) report.gpu = gpu_->summary();
  return report;
}

Decisions Pipeline::resolve() {
  openDevice();
  ModuleBuilder builder(spec_, device_, recoveries_, {}, interrupt_, externals_);
  builder.loadModels([] {});
  return builder.decide();
}

std::optional<Decisions> Pipeline::decisions() const {
  std::lock_guard lock(mutex_);
  return decisions_;
}

int64_t Pipeline::startNs() const {
  std::lock_guard lock(mutex_);
  return startNs_;
}

}  // namespace framepath::graph
