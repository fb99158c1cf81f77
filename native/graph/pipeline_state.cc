// What can be asked of a run while it goes and after it.
#include <algorithm>

#include "core/clock.h"
#include "graph/pipeline.h"
#include "telemetry/process.h"

namespace framepath::graph {

std::shared_ptr<Engine> Pipeline::engine() const {
  std::lock_guard lock(mutex_);
  if (!engine_)
    throw Error(ErrorCode::RUN_CLOSED, "The run is not running.",
                "Await start() first; a closed run cannot be used again.");
  return engine_;
}

std::shared_ptr<Programme> Pipeline::programme() const {
  std::lock_guard lock(mutex_);
  return programme_;
}

std::vector<SourceCounts> Pipeline::countsLocked() const {
  return engine_ ? engine_->counts() : finalCounts_;
}

std::vector<StageStats> Pipeline::stagesLocked() const {
  if (!engine_) return finalStages_;
  std::vector<StageStats> stages = engine_->stages();
  // The composition's sink only hands frames over; the programme's own stages tell the time.
  std::erase_if(stages, [](const StageStats& stage) { return stage.kind == "module" && stage.name == "compose"; });
  if (programme_)
    for (StageStats& stage : programme_->stages()) stages.push_back(std::move(stage));
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

void Pipeline::nextPacket(Programme::PacketCallback callback) {
  if (!spec_.output || !spec_.output->packets)
    throw Error(ErrorCode::INVALID_ARGUMENT, "This run keeps no packets.",
                "Ask for them when encoding: .encode(path, { packets: true }).");
  const std::shared_ptr<Programme> running = programme();
  if (running)
    running->nextPacket(std::move(callback));
  else
    callback(std::nullopt);
}

void Pipeline::answer(int32_t module, int64_t taskId, int64_t attempt, ExternalModule::Answer answer) {
  const auto it = externals_.find(module);
  if (it != externals_.end()) it->second->answer(taskId, attempt, std::move(answer));
}

TaskRef Pipeline::asked(int32_t module, int64_t taskId) const {
  const auto it = externals_.find(module);
  return it == externals_.end() ? nullptr : it->second->asked(taskId);
}

void Pipeline::addSource(const SourceSpec& spec) {
  std::lock_guard adding(adding_);
  const std::shared_ptr<Engine> running = engine();
  size_t count = 0;
  {
    std::lock_guard lock(mutex_);
    count = sources_.size();
  }
  OpenedSource open;
  media::SoundRef sound;
  try {
    open = openOne(spec, static_cast<int32_t>(count) + 1);
    sound = openJoiningSound(open, count);
  } catch (const Error&) {
    if (closing_->passed()) throw Error(ErrorCode::RUN_CLOSED, "The run was closed while the source was opened.");
    throw;
  }
  const bool live = open.file.live();
  std::lock_guard lock(mutex_);
  const auto number = static_cast<int32_t>(count);
  if (programme_) programme_->addSource(number, {spec.id, live, std::move(sound)});  // before its first frame
  sources_.push_back(std::move(open.file));
  try {
    running->addSource(std::move(open.frames), {spec.id, live, spec_.inFlight, spec_.resultQueue});
  } catch (...) {
    sources_.pop_back();
    if (programme_) programme_->removeSource(number);
    throw;
  }
}

void Pipeline::removeSource(const std::string& id, std::function<void()> removed) {
  const std::shared_ptr<Engine> running = engine();
  bool known = false;
  {
    std::lock_guard lock(mutex_);
    for (size_t s = 0; s < sources_.size(); s++)
      if (sources_[s].spec.id == id) {
        known = true;
        if (programme_) programme_->removeSource(static_cast<int32_t>(s));
      }
  }
  try {
    running->removeSource(id, removed);
  } catch (const Error& e) {
    // It had ended by itself: only its tile had to go.
    if (!known || e.code != ErrorCode::SOURCE_NOT_FOUND) throw;
    removed();
  }
}

void Pipeline::pushFrame(const std::string& source, const uint8_t* bytes, size_t size, int64_t ptsUs,
                         PushedSource::Taken taken) {
  std::shared_ptr<PushedSource> pushed;
  bool known = false;
  {
    std::lock_guard lock(mutex_);
    for (const SourceFile& open : sources_)
      if (open.spec.id == source) {
        known = true;
        pushed = open.pushed.lock();
      }
  }
  if (!known)
    throw Error(ErrorCode::SOURCE_NOT_FOUND, "No source \"" + source + "\" takes frames.",
                "Push to a frames(...) source.");
  if (pushed)
    pushed->push(bytes, size, ptsUs, std::move(taken));
  else
    taken(false);
}

void Pipeline::endFrames(const std::string& source, std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  for (const SourceFile& open : sources_)
    if (const auto pushed = open.spec.id == source ? open.pushed.lock() : nullptr) pushed->end(error);
}

const std::vector<std::string>* Pipeline::labelsOf(size_t specModule) const {
  return specModule < labels_.size() && !labels_[specModule].empty() ? &labels_[specModule] : nullptr;
}

std::string Pipeline::sourceId(int32_t source) const {
  std::lock_guard lock(mutex_);
  return source >= 0 && source < static_cast<int32_t>(sources_.size()) ? sources_[static_cast<size_t>(source)].spec.id
                                                                       : "";
}

const char* Pipeline::stateName() const {
  switch (state_) {
    case State::created: return "created";
    case State::starting: return "starting";
    case State::running: return "running";
    case State::finishing: return "finishing";
    case State::over: return "over";
  }
  return "over";
}

Progress Pipeline::progress() const {
  Progress progress;
  std::lock_guard lock(mutex_);
  progress.state = stateName();
  if (!startNs_) return progress;
  const double seconds = static_cast<double>((endNs_ ? endNs_ : nowNs()) - startNs_) / 1e9;
  const std::vector<SourceCounts> counts = countsLocked();
  progress.total = 0;
  for (size_t s = 0; s < sources_.size() && s < counts.size(); s++) {
    const SourceFile& open = sources_[s];
    Progress::Source source;
    source.id = open.spec.id;
    source.done = counts[s].delivered;
    for (const auto& [cause, n] : counts[s].dropped) source.done += n;
    source.fps = seconds > 0 ? static_cast<double>(source.done) / seconds : 0;
    source.ended = counts[s].ended && counts[s].inFlight == 0;
    const media::SourceOptions& reader = open.spec.reader;
    if (open.info.frames > 0 && open.info.durationMs > 0) {
      const double from = static_cast<double>(std::max<int64_t>(0, reader.startMs));
      const double to = reader.endMs >= 0 ? std::min<double>(static_cast<double>(reader.endMs),
                                                             static_cast<double>(open.info.durationMs))
                                          : static_cast<double>(open.info.durationMs);
      const double part = std::clamp((to - from) / static_cast<double>(open.info.durationMs), 0.0, 1.0);
      double total = static_cast<double>(open.info.frames) * part / std::max(1, reader.stride);
      if (reader.maxFps > 0) total = std::min(total, reader.maxFps * (to - from) / 1000);
      source.total = std::max<int64_t>(source.done, static_cast<int64_t>(total + 0.5));
      if (source.ended) source.total = source.done;
    } else if (open.info.frames > 0) {
      source.total = open.info.frames;
    }
    progress.frames += source.done;
    progress.total = source.total < 0 || progress.total < 0 ? -1 : progress.total + source.total;
    progress.sources.push_back(std::move(source));
  }
  progress.fps = seconds > 0 ? static_cast<double>(progress.frames) / seconds : 0;
  if (progress.total >= 0 && progress.fps > 0)
    progress.etaMs = static_cast<double>(progress.total - progress.frames) / progress.fps * 1000;
  return progress;
}

media::OutputResult Pipeline::outputSoFar(const Programme& programme) const {
  media::OutputResult output = programme.soFar();
  output.path = spec_.output->path;
  return output;
}

Report Pipeline::report() const {
  Report report;
  std::lock_guard lock(mutex_);
  report.device = device_ ? device_->id().name() : spec_.device;
  if (startNs_) {
    report.wallMs = static_cast<double>((endNs_ ? endNs_ : nowNs()) - startNs_) / 1e6;
    report.cpuMs = static_cast<double>((endNs_ ? endCpuNs_ : processCpuNs()) - startCpuNs_) / 1e6;
  }
  report.peakRssBytes = telemetry::peakRssBytes();
  const std::vector<SourceCounts> counts = countsLocked();
  for (size_t s = 0; s < sources_.size(); s++) {
    const SourceFile& open = sources_[s];
    SourceReport source;
    source.uri = open.spec.reader.uri;
    source.info = open.info;
    if (s < counts.size()) source.counts = counts[s];
    source.reader = source.counts.reader;
    report.sources.push_back(std::move(source));
  }
  report.stages = stagesLocked();
  if (engine_) {
    report.live.leases = engine_->liveLeases();
    report.live.tasks = engine_->liveTasks();
  }
  report.live.encoders = programme_ ? !programme_->encoder().expired() : !encoder_.expired();
  for (const StageStats& stage : report.stages)
    if (identifyModule_ >= 0 && stage.name == spec_.modules[static_cast<size_t>(identifyModule_)].name + ".embed")
      report.reidMs = static_cast<double>(stage.busyNs) / 1e6;
  if (identity_.identities && !onlyTracks_) report.reid = identity_.totals->sum();
  report.models = modelReports_;
  if (device_) {
    for (int kind = 0; kind < static_cast<int>(CopyKind::count); kind++)
      report.copies[kind] = device_->copiedBytes(static_cast<CopyKind>(kind));
    report.live.deviceBytes = device_->liveBytes();
  }
  report.recoveries.assign(recoveries_.begin(), recoveries_.end());
  report.recovered = recovered_;
  report.outputs = outputs_;
  if (outputs_.empty() && programme_) report.outputs.push_back(outputSoFar(*programme_));
  report.follow = follow_;
  if (gpu_) report.gpu = gpu_->summary();
  return report;
}

track::RelinkRef Pipeline::relink() {
  return onlyTracks_ ? std::make_shared<track::RelinkResult>() : relinked();
}

track::RelinkRef Pipeline::relinked() {
  if (!identity_.identities) return std::make_shared<track::RelinkResult>();
  const ModuleSpec* spec = onlyTracks_ ? nullptr : &spec_.modules[static_cast<size_t>(identifyModule_)];
  track::RelinkOptions options;
  if (onlyTracks_) options.minFrames = 1;
  {
    std::lock_guard lock(mutex_);
    options.stop = linking_;
    for (const auto& group : spec ? spec->sameScene : std::vector<std::vector<std::string>>{}) {
      std::vector<int32_t> numbers;
      for (const std::string& id : group)
        for (size_t s = 0; s < sources_.size(); s++)
          if (sources_[s].spec.id == id) numbers.push_back(static_cast<int32_t>(s));
      options.sameScene.push_back(std::move(numbers));
    }
  }
  const track::RelinkRef linked = identity_.identities->relink(options);
  std::shared_ptr<Shots> shots;
  {
    std::lock_guard lock(mutex_);
    if (linked == linked_) return shown_;
    shots = shots_;
  }
  auto shown = std::make_shared<track::RelinkResult>(*linked);
  if (shots) shots->choose(*shown);
  if (!linked->complete) recovered({spec ? spec->name : "", kRelinkCut, "The run was closed while it compared them."});
  std::lock_guard lock(mutex_);
  linked_ = linked;
  return shown_ = shown;
}

int64_t Pipeline::startNs() const {
  std::lock_guard lock(mutex_);
  return startNs_;
}

void Pipeline::endLinkingAt(int64_t ns) {
  std::lock_guard lock(mutex_);
  if (ns == INT64_MAX) linking_ = std::make_shared<Stop>();
  linking_->at(ns);
}

bool Pipeline::linkingEnded() const {
  std::lock_guard lock(mutex_);
  return linking_->passed();
}

std::unique_ptr<track::FinalRows> Pipeline::rows(int32_t source) {
  return identity_.identities ? identity_.identities->rows(source, relinked()) : nullptr;
}

std::shared_ptr<Shots> Pipeline::bestShots() const {
  std::lock_guard lock(mutex_);
  return shots_;
}

std::vector<uint8_t> Pipeline::contactSheet() {
  const auto shots = bestShots();
  return shots ? shots->contactSheet(*relinked(), onlyTracks_) : std::vector<uint8_t>{};
}

std::vector<uint8_t> Pipeline::bank() {
  return identity_.identities && !onlyTracks_ ? identity_.identities->save(*relinked()) : std::vector<uint8_t>{};
}

}  // namespace framepath::graph
