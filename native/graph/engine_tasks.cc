// A task's trip: entering, speaking, completion, delivery.
#include <algorithm>
#include <set>

#include "graph/engine.h"
#include "graph/engine_after.h"

namespace framepath::graph {

TaskRef Engine::makeTask(int32_t source, FrameRef frame, std::shared_ptr<Admission> admission) {
  auto task = std::make_shared<Task>();
  task->id = nextTaskId_++;
  task->source = source;
  task->index = frame->index;
  task->ptsUs = frame->ptsUs;
  task->durationUs = frame->durationUs;
  task->width = frame->width;
  task->height = frame->height;
  task->lease = std::make_shared<FrameLease>(std::move(frame), std::move(admission));
  task->observations.resize(graph_.size());
  task->stamps.resize(graph_.size());
  task->waitingFor.resize(graph_.size());
  for (size_t m = 0; m < graph_.size(); m++) task->waitingFor[m] = static_cast<int32_t>(graph_.dependencies(m).size());
  task->pendingModules = static_cast<int32_t>(graph_.size());
  task->pendingResults = graph_.resultModules();
  task->pixelReaders = graph_.pixelReaders();
  return task;
}

void Engine::enter(const TaskRef& task, After& after) {
  liveTasks_++;
  for (auto& lane : lanes_) lane->upstream++;
  if (task->pixelReaders == 0 && !options_.keepPixels) after.leases.push_back(std::move(task->lease));
  if (task->pendingResults == 0) complete(task, after);
  for (size_t m = 0; m < graph_.size(); m++)
    if (graph_.dependencies(m).empty()) becomeReady(task, static_cast<int32_t>(m), after);
  if (graph_.size() == 0) taskGone(task, after);
}

// The result of a task that needs no worker. `parked`: the task waits for its anchor.
std::optional<Observation> Engine::withoutRunning(Lane& lane, const TaskRef& task, bool& parked) {
  if (task->source == kSubmitted && lane.node.stateful) return Observation::nothing(Reason::unordered);
  if (!lane.node.acceptsNothing)
    for (int32_t dependency : graph_.dependencies(lane.module))
      if (dependency != graph_.fallbackOf(lane.module) &&
          task->observations[dependency].state == ObservationState::nothing)
        return Observation::nothing(Reason::dependency);
  if (task->source != kSubmitted && !lane.strides.isAnchor(*task)) {
    std::optional<Observation> carried = lane.strides.carry(task);
    parked = !carried;
    return carried;
  }
  Observation result;
  if (lane.node.passes && lane.node.passes(*task, result)) return result;
  return std::nullopt;
}

void Engine::becomeReady(const TaskRef& task, int32_t module, After& after) {
  Lane& lane = *lanes_[module];
  lane.upstream--;
  task->stamps[module].readyNs = nowNs();
  if (!lane.node.stateful || task->source == kSubmitted) {
    bool parked = false;
    std::optional<Observation> result = withoutRunning(lane, task, parked);
    if (parked) return;
    if (result) return setResult(task, module, std::move(*result), after);
  }
  lane.queue.push(task);
  lane.wake.notify_one();
}

void Engine::setResult(const TaskRef& task, int32_t module, Observation result, After& after) {
  if (stopped()) {
    after.tasks.push_back(task);
    return;
  }
  Lane& lane = *lanes_[module];
  if (result.state != ObservationState::nothing) {  // its own value, unless it has an origin already
    if (result.origin.module < 0) result.origin.module = module;
    if (result.origin.task < 0) result.origin.task = task->id;
  }
  std::vector<TaskRef> followers;
  if (task->source != kSubmitted && lane.strides.isAnchor(*task))
    followers = lane.strides.onAnchorResult(*task, result);
  lane.resultCounts[observationKind(result.state, result.reason)]++;
  const Observation carried = followers.empty() ? Observation{} : result.carriedOn();
  task->observations[module] = std::move(result);

  if (lane.node.pixels && --task->pixelReaders == 0 && !options_.keepPixels)
    after.leases.push_back(std::move(task->lease));
  const bool last = --task->pendingModules == 0;
  if (!lane.node.sink && --task->pendingResults == 0) complete(task, after);
  for (int32_t dependent : graph_.dependents(module))
    if (--task->waitingFor[dependent] == 0) becomeReady(task, dependent, after);
  if (last) taskGone(task, after);

  for (const TaskRef& follower : followers) setResult(follower, module, carried, after);
  // A lane that waits for company must know when none can come.
  for (int32_t dependent : graph_.dependents(module))
    if (lanes_[dependent]->node.policy.maxWaitMs > 0 && lanes_[dependent]->upstream == 0)
      lanes_[dependent]->wake.notify_all();
}

// Every module whose result is delivered has one.
void Engine::complete(const TaskRef& task, After& after) {
  if (task->source == kSubmitted) {
    submissions_.erase(task->id);
    submitted_->taskEnded();
    after.calls.push_back([task] { task->finished(task); });
    return;
  }
  if (sampleEvery_ > 0 && task->seq % sampleEvery_ == 0) after.calls.push_back([this, task] { hooks_.sampled(*task); });
  SourceSession& session = *sessions_.at(task->source);
  task->completeNs = nowNs();
  session.complete(task);
  if (discard_) takeAll(session, after);
  answerNext(after);
}

// Every module has a result, sinks too.
void Engine::taskGone(const TaskRef& task, After& after) {
  liveTasks_--;
  if (task->source == kSubmitted) return;
  SourceSession& session = *sessions_.at(task->source);
  session.taskGone();
  checkFinished(session, after);
}

void Engine::submit(FrameRef frame, std::function<void(const TaskRef&)> finished) {
  After after;
  Lock lock(mutex_);
  if (state_ != EngineState::running)
    throw Error(ErrorCode::RUN_CLOSED, "The run does not take pictures.",
                "Submit between start() and close(), to a pipeline started with no sources or with running ones.");
  submitted_->tryEnter();
  TaskRef task = makeTask(kSubmitted, std::move(frame), submitted_);
  task->finished = std::move(finished);
  task->enteredNs = nowNs();
  submissions_.emplace(task->id, task);
  enter(task, after);
  lock.unlock();
  after.run();
}

void Engine::next(size_t max, NextCallback callback) {
  After after;
  Lock lock(mutex_);
  if (waitingNext_)
    throw Error(ErrorCode::INVALID_ARGUMENT, "A result is already being waited for.",
                "Await one next() before the other.");
  waitingNext_.emplace(std::max<size_t>(max, 1), std::move(callback));
  answerNext(after);
  lock.unlock();
  after.run();
}

void Engine::discard() {
  After after;
  Lock lock(mutex_);
  discard_ = true;
  std::vector<SessionRef> emptied;
  for (const auto& [number, session] : sessions_) {
    takeAll(*session, after);
    emptied.push_back(session);
  }
  for (const SessionRef& session : emptied) retire(*session, after);
  lock.unlock();
  after.run();
}

void Engine::dropOld(SourceSession& session, int64_t now, After& after) {
  if (session.dropOld(now, after.tasks) && hooks_.onlyLate)
    after.calls.push_back([this, number = session.number] { hooks_.onlyLate(number); });
}

void Engine::takeAll(SourceSession& session, After& after) {
  const int64_t now = nowNs();
  dropOld(session, now, after);
  while (session.hasResults()) after.tasks.push_back(session.take(now));
}

// Sources in turn, each in its own order. Of a live one no more than one result: the next is not older than need be
// when the caller comes back for it.
Delivery Engine::takeResults(size_t max, After& after) {
  Delivery delivery;
  std::set<int32_t> served;  // live ones
  auto next = sessions_.lower_bound(nextSource_);
  for (size_t idle = 0; idle < sessions_.size() && delivery.tasks.size() < max;) {
    if (next == sessions_.end()) next = sessions_.begin();
    const SessionRef session = (next++)->second;
    nextSource_ = session->number + 1;
    const int64_t now = nowNs();
    dropOld(*session, now, after);
    if (!session->hasResults() || served.contains(session->number)) {
      idle++;
      retire(*session, after);
      continue;
    }
    idle = 0;
    delivery.tasks.push_back(session->take(now));
    if (session->options.live) served.insert(session->number);
    retire(*session, after);
  }
  return delivery;
}

void Engine::answerNext(After& after) {
  if (!waitingNext_) return;
  Delivery delivery = takeResults(waitingNext_->first, after);
  if (delivery.tasks.empty()) {
    if (!over()) return;
    delivery.ended = true;
    delivery.error = error_;
  }
  after.calls.push_back([callback = std::move(waitingNext_->second), delivery = std::move(delivery)]() mutable {
    callback(std::move(delivery));
  });
  waitingNext_.reset();
}

}  // namespace framepath::graph
