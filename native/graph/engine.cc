// Life of the engine: start, stop, join, counts. Sources, tasks and lanes are in the engine_*.cc.
#include "graph/engine.h"

#include <algorithm>
#include <iterator>
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
  if (stopped()) throw Error(ErrorCode::RUN_CLOSED, "The run was closed before it started.");
  state_ = EngineState::running;
  for (size_t m = 0; m < lanes_.size(); m++) lanes_[m]->workers = std::move(workers[m]);
  for (auto& lane : lanes_)
    for (size_t i = 0; i < lane->workers.size(); i++)
      lane->threads.emplace_back([this, lane = lane.get(), worker = lane->workers[i].get(), i] {
        serve(*lane, *worker, static_cast<int32_t>(i));
      });
  for (const auto& [number, session] : sessions_) startSource(session);
  checkDrained(after);
  lock.unlock();
  after.run();
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
  if (!error_ && !over()) error_ = error;
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
  if (stopped()) return;
  const bool first = !over();
  state_ = EngineState::stopped;
  for (const auto& [number, session] : sessions_) {
    if (auto frames = session->frames()) after.calls.push_back([frames] { frames->interrupt(); });
    session->cancel(after.tasks, after.calls);
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
  if (first) after.calls.push_back(hooks_.drained);
  answerNext(after);
}

void Engine::join() {
  std::vector<std::thread> threads;
  {
    Lock lock(mutex_);
    if (state_ < EngineState::ended) state_ = EngineState::ended;
    for (const auto& [number, session] : sessions_) {
      session->admission->close();
      if (session->thread.joinable()) threads.push_back(std::move(session->thread));
    }
    std::ranges::move(std::exchange(exited_, {}), std::back_inserter(threads));
    for (auto& lane : lanes_) {
      lane->wake.notify_all();
      std::ranges::move(std::exchange(lane->threads, {}), std::back_inserter(threads));
    }
  }
  for (std::thread& thread : threads) thread.join();
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
  for (const auto& [number, session] : sessions_) frames.push_back(session->takeFrames());  // of those never started
  liveTasks_ = 0;
  lock.unlock();
}

void Engine::checkDrained(After& after) {
  if (state_ != EngineState::running || open_) return;
  for (const auto& [number, session] : sessions_)
    if (!session->over()) return;
  // What a failed source gave before is still delivered; a run whose sources all failed ends with the first one's
  // error.
  if (allFailedLocked() && !error_) error_ = recordLocked(0).counts.error;
  state_ = EngineState::drained;
  after.calls.push_back(hooks_.drained);
  answerNext(after);
}

bool Engine::drained() const {
  Lock lock(mutex_);
  return over();
}

std::optional<Error> Engine::error() const {
  Lock lock(mutex_);
  return error_;
}

std::vector<StageStats> Engine::stages() const {
  Lock lock(mutex_);
  std::vector<StageStats> all;
  for (size_t s = 0; s < records_.size(); s++) all.push_back(recordLocked(s).decode);
  for (const auto& lane : lanes_) {
    StageStats& stats = all.emplace_back(lane->stats);
    stats.queued = static_cast<int64_t>(lane->queue.size());
    for (size_t kind = 0; kind < kObservationKinds; kind++)
      if (lane->resultCounts[kind]) stats.results[kObservationNames[kind]] = lane->resultCounts[kind];
  }
  return all;
}

int32_t Engine::liveLeases() const {
  Lock lock(mutex_);
  int32_t leases = submitted_->leases();
  for (const auto& [number, session] : sessions_) leases += session->admission->leases();
  for (const auto& admission : lingering_) leases += admission->leases();
  return leases;
}

int64_t Engine::liveTasks() const {
  Lock lock(mutex_);
  return liveTasks_;
}

}  // namespace framepath::graph
