// Life of a run: sources, start, stop, counts. Tasks and lanes are in engine_tasks.cc and engine_lanes.cc.
#include "graph/engine.h"

#include <utility>

#include "core/thread_name.h"
#include "core/work.h"
#include "graph/engine_after.h"

namespace framepath::graph {

Engine::Engine(Graph graph, EngineHooks hooks, EngineOptions options)
    : graph_(std::move(graph)), hooks_(std::move(hooks)), options_(options), open_(options.open) {
  for (size_t m = 0; m < graph_.size(); m++)
    lanes_.push_back(std::make_unique<Lane>(graph_.node(m), static_cast<int32_t>(m)));
  submitted_ = std::make_shared<Admission>(1 << 20, 1 << 20);  // bounded by the caller
}

Engine::~Engine() {
  stop();
  join();
}

int32_t Engine::addSource(std::shared_ptr<FrameSource> frames, const SourceOptions& options) {
  Lock lock(mutex_);
  if (stopping_ || drained_)
    throw Error(ErrorCode::RUN_CLOSED, "The run has ended; no source can be added.", "Start a new run.");
  for (const auto& other : sources_)
    if (other->options.id == options.id && !other->ended)
      throw Error(ErrorCode::INVALID_ARGUMENT, "Two sources are called \"" + options.id + "\".",
                  "Give every source an id of its own.");
  const auto number = static_cast<int32_t>(sources_.size());
  auto source = std::make_unique<Source>();
  source->frames = std::move(frames);
  source->options = options;
  source->admission = std::make_shared<Admission>(options.inFlight, options.inFlight + options.resultQueue);
  source->stats.name = "decode." + options.id;
  source->stats.kind = "decode";
  sources_.push_back(std::move(source));
  if (started_) startSource(*sources_.back(), number);
  return number;
}

void Engine::startSource(Source& source, int32_t number) {
  source.started = true;
  source.thread = std::thread([this, &source, number] { readSource(source, number); });
}

namespace {

// A step of a module ("people.embed") fails as the module.
std::shared_ptr<Worker> openWorker(const ModuleNode& node) {
  try {
    return node.openWorker();
  } catch (Error& error) {
    if (error.module.empty() && !node.sink) error.module = node.name.substr(0, node.name.find('.'));
    throw;
  }
}

}  // namespace

void Engine::start() {
  std::vector<std::vector<std::shared_ptr<Worker>>> workers(lanes_.size());
  for (size_t m = 0; m < lanes_.size(); m++)
    for (int32_t i = 0; i < lanes_[m]->node.workers; i++) workers[m].push_back(openWorker(lanes_[m]->node));
  After after;
  Lock lock(mutex_);
  if (stopping_) throw Error(ErrorCode::RUN_CLOSED, "The run was closed before it started.");
  started_ = true;
  for (size_t m = 0; m < lanes_.size(); m++) lanes_[m]->workers = std::move(workers[m]);
  for (auto& lane : lanes_)
    for (size_t i = 0; i < lane->workers.size(); i++)
      lane->threads.emplace_back([this, lane = lane.get(), worker = lane->workers[i].get(), i] {
        serve(*lane, *worker, static_cast<int32_t>(i));
      });
  for (size_t s = 0; s < sources_.size(); s++) startSource(*sources_[s], static_cast<int32_t>(s));
  checkDrained(after);
  lock.unlock();
  after.run();
}

void Engine::readSource(Source& source, int32_t number) {
  const ThreadName named(source.stats.name);
  std::optional<Error> error;
  const auto cause = [&](const std::exception& e) {
    const auto* known = dynamic_cast<const Error*>(&e);
    error = known ? *known : Error(ErrorCode::SOURCE_FAILED, std::string("Reading the source failed: ") + e.what());
    if (error->source.empty()) error->source = source.options.id;
  };
  try {
    for (;;) {
      const int64_t askedNs = nowNs();
      if (!source.options.live && !source.admission->enter()) break;
      const int64_t enteredNs = nowNs();
      FrameRef frame;
      const WorkScope at({source.stats.name, 0, number, source.nextSeq});
      try {
        frame = source.frames->next();
      } catch (const std::exception& e) {
        cause(e);
      }
      const int64_t decodedNs = nowNs();
      const bool room = frame && (!source.options.live || source.admission->tryEnter());
      if (!frame) {
        if (!source.options.live) {
          source.admission->leaseEnded();
          source.admission->taskEnded();
        }
        break;
      }
      After after;
      {
        Lock lock(mutex_);
        if (room) {
          if (!acceptFrame(source, number, std::move(frame), {askedNs, enteredNs, decodedNs}, after)) break;
          source.stats.addWork(askedNs, enteredNs, decodedNs);
          if (options_.trace)
            options_.trace->add({source.stats.name, 0, number, source.nextSeq - 1, askedNs, enteredNs, decodedNs});
        } else if (!stopping_ && !source.stopping) {
          source.in++;
          source.dropped["inFlight"]++;
        }
      }
      after.run();
    }
  } catch (const std::exception& e) {
    cause(e);
  }
  sourceEnded(source, number, std::move(error));
}

// False: the run or the source is stopping and the frame was not taken.
bool Engine::acceptFrame(Source& source, int32_t number, FrameRef frame, const Stamps& decode, After& after) {
  TaskRef task = makeTask(number, std::move(frame), source.admission);
  task->enteredNs = decode.doneNs;
  task->decode = decode;
  if (stopping_ || source.stopping) {
    source.admission->taskEnded();
    after.tasks.push_back(std::move(task));
    return false;
  }
  task->seq = source.nextSeq++;
  source.in++;
  source.unspoken++;
  enter(task, after);
  return true;
}

void Engine::sourceEnded(Source& source, int32_t number, std::optional<Error> error) {
  After after;
  Lock lock(mutex_);
  source.ended = true;
  if (!stopping_ && !source.stopping) source.error = std::move(error);
  checkFinished(source, number, after);
  checkDrained(after);
  lock.unlock();
  after.run();
}

void Engine::removeSource(const std::string& id, std::function<void()> removed) {
  After after;
  Lock lock(mutex_);
  if (stopping_) throw Error(ErrorCode::RUN_CLOSED, "The run has ended, and its sources with it.");
  for (size_t s = 0; s < sources_.size(); s++) {
    Source& source = *sources_[s];
    if (source.options.id != id || (source.ended && source.finishedHook)) continue;
    source.stopping = true;
    source.removed.push_back(std::move(removed));
    source.admission->close();
    after.calls.push_back([frames = source.frames] { frames->interrupt(); });
    checkFinished(source, static_cast<int32_t>(s), after);
    lock.unlock();
    after.run();
    return;
  }
  throw Error(ErrorCode::SOURCE_NOT_FOUND, "No source \"" + id + "\" is running.",
              "Use the id of a source that was added and has not ended.");
}

void Engine::closeToSources() {
  After after;
  Lock lock(mutex_);
  open_ = false;
  checkDrained(after);
  lock.unlock();
  after.run();
}

void Engine::sample(int64_t every) {
  Lock lock(mutex_);
  sampleEvery_ = every;
}

void Engine::fail(const Error& error) {
  After after;
  Lock lock(mutex_);
  if (!error_ && !drained_) error_ = error;
  stopLocked(after);
  lock.unlock();
  after.run();
}

void Engine::stop() {
  After after;
  Lock lock(mutex_);
  stopLocked(after);
  lock.unlock();
  after.run();
}

// Everything that is alive and was not taken counts as cancelled, at once; running modules finish into nothing.
void Engine::stopLocked(After& after) {
  if (stopping_) return;
  stopping_ = true;
  quit_ = true;
  for (auto& source : sources_) {
    source->admission->close();
    if (!source->ended) after.calls.push_back([frames = source->frames] { frames->interrupt(); });
    int64_t dropped = 0;
    for (const auto& [name, n] : source->dropped) dropped += n;
    const int64_t cancelled = source->in - source->delivered - dropped;
    if (cancelled > 0) source->dropped["cancelled"] += cancelled;
    for (auto& [seq, task] : source->finished) after.tasks.push_back(std::move(task));
    source->finished.clear();
    for (TaskRef& task : source->results) after.tasks.push_back(std::move(task));
    source->results.clear();
    for (auto& call : source->removed) after.calls.push_back(std::move(call));
    source->removed.clear();
  }
  for (auto& [id, task] : submissions_) {
    task->error = Error(ErrorCode::CANCELLED, "The run ended before the picture was done.");
    submitted_->taskEnded();
    after.calls.push_back([task = task] { task->finished(task); });
  }
  submissions_.clear();
  for (auto& lane : lanes_) {
    for (auto& worker : lane->workers) after.calls.push_back([worker] { worker->interrupt(); });
    lane->wake.notify_all();
  }
  if (!drained_) {
    drained_ = true;
    after.calls.push_back(hooks_.drained);
  }
  answerNext(after);
}

void Engine::join() {
  {
    Lock lock(mutex_);
    quit_ = true;
    for (auto& source : sources_) source->admission->close();
    for (auto& lane : lanes_) lane->wake.notify_all();
  }
  for (auto& source : sources_)
    if (source->thread.joinable()) source->thread.join();
  for (auto& lane : lanes_)
    for (std::thread& thread : lane->threads)
      if (thread.joinable()) thread.join();
  // Tasks still in queues hold leases: let them go before anybody counts.
  std::vector<std::shared_ptr<FrameSource>> frames;
  std::vector<std::vector<std::shared_ptr<Worker>>> workers(lanes_.size());
  std::vector<ReadyQueue> queues;
  std::vector<StrideMemory> strides;
  Lock lock(mutex_);
  for (size_t m = 0; m < lanes_.size(); m++) {
    Lane& lane = *lanes_[m];
    queues.push_back(std::exchange(lane.queue, ReadyQueue(lane.node.stateful)));
    strides.push_back(std::exchange(lane.strides, StrideMemory(lane.node.policy.stride)));
    workers[m].swap(lane.workers);
  }
  for (auto& source : sources_) frames.push_back(std::move(source->frames));
  liveTasks_ = 0;
  lock.unlock();
}

void Engine::checkFinished(Source& source, int32_t number, After& after) {
  if (!source.ended || source.unspoken > 0 || source.finishedHook || stopping_) return;
  source.finishedHook = true;
  for (auto& lane : lanes_) {
    lane->strides.forget(number);
    for (auto& worker : lane->workers) after.calls.push_back([worker, number] { worker->forget(number); });
  }
  if (hooks_.sourceFinished) after.calls.push_back([this, number] { hooks_.sourceFinished(number); });
  for (auto& call : source.removed) after.calls.push_back(std::move(call));
  source.removed.clear();
  checkDrained(after);
}

void Engine::checkDrained(After& after) {
  if (drained_ || open_ || !started_) return;
  bool anyGood = sources_.empty();
  for (const auto& source : sources_) {
    if (!source->finishedHook) return;
    anyGood = anyGood || !source->error;
  }
  // What a failed source gave before is still delivered; a run whose sources all failed ends with the first one's
  // error.
  if (!anyGood && !error_) error_ = sources_[0]->error;
  drained_ = true;
  after.calls.push_back(hooks_.drained);
  answerNext(after);
}

bool Engine::drained() const {
  Lock lock(mutex_);
  return drained_;
}

std::optional<Error> Engine::error() const {
  Lock lock(mutex_);
  return error_;
}

std::vector<SourceCounts> Engine::counts() const {
  Lock lock(mutex_);
  std::vector<SourceCounts> all;
  for (const auto& source : sources_) {
    SourceCounts counts;
    counts.id = source->options.id;
    counts.in = source->in;
    counts.delivered = source->delivered;
    counts.dropped = source->dropped;
    counts.inFlight = source->in - source->delivered;
    for (const auto& [cause, n] : source->dropped) counts.inFlight -= n;
    counts.ended = source->ended;
    counts.error = source->error;
    all.push_back(std::move(counts));
  }
  return all;
}

std::vector<StageStats> Engine::stages() const {
  Lock lock(mutex_);
  std::vector<StageStats> all;
  for (const auto& source : sources_) all.push_back(source->stats);
  for (const auto& lane : lanes_) {
    StageStats& stats = all.emplace_back(lane->stats);
    stats.queued = static_cast<int64_t>(lane->queue.size());
    for (size_t kind = 0; kind < kObservationKinds; kind++)
      if (lane->spoken[kind]) stats.results[kObservationNames[kind]] = lane->spoken[kind];
  }
  return all;
}

int32_t Engine::liveLeases() const {
  Lock lock(mutex_);
  int32_t leases = submitted_->leases();
  for (const auto& source : sources_) leases += source->admission->leases();
  return leases;
}

int64_t Engine::liveTasks() const {
  Lock lock(mutex_);
  return liveTasks_;
}

}  // namespace framepath::graph
