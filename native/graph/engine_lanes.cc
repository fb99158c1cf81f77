// Lanes: taking batches, running modules, what happens when they fail.
#include <algorithm>
#include <chrono>

#include "core/thread_name.h"
#include "core/work.h"
#include "graph/engine.h"
#include "graph/engine_after.h"

namespace framepath::graph {
namespace {

Work workOn(const Lane& lane, int32_t worker, const Task& task, size_t batch = 1) {
  return {lane.node.name, worker, task.source, task.seq, static_cast<int32_t>(batch)};
}

}  // namespace

Batch Engine::takeBatch(Lane& lane, Lock& lock) {
  const Policy& policy = lane.node.policy;
  const auto full = static_cast<size_t>(policy.maxBatch);
  for (;;) {
    if (state_ >= EngineState::ended) return {};
    const size_t runnable = lane.queue.runnable();
    if (runnable == 0) {
      lane.wake.wait(lock);
      continue;
    }
    if (lane.node.stateful || policy.maxWaitMs <= 0 || runnable >= full || lane.upstream == 0)
      return lane.queue.take(full);
    const int64_t deadlineNs = lane.queue.oldestReadyNs(lane.module) + static_cast<int64_t>(policy.maxWaitMs * 1e6);
    const int64_t leftNs = deadlineNs - nowNs();
    if (leftNs <= 0) return lane.queue.take(full);
    lane.wake.wait_for(lock, std::chrono::nanoseconds(leftNs));
  }
}

void Engine::serve(Lane& lane, Worker& worker, int32_t number) {
  const ThreadName named(lane.node.name);
  Lock lock(mutex_);
  if (lane.node.prefetch > 1) return servePrefetching(lane, worker, number, lock);
  for (;;) {
    Batch batch = takeBatch(lane, lock);
    if (batch.tasks.empty()) return;
    if (lane.node.stateful && finishAtOnce(lane, batch, lock)) continue;
    lock.unlock();
    const int64_t startNs = nowNs();
    const WorkScope at(workOn(lane, number, *batch.tasks[0], batch.tasks.size()));
    std::vector<Observation> results = runBatch(lane, worker, batch);
    const int64_t doneNs = nowNs();
    lock.lock();
    for (const TaskRef& task : batch.tasks) {
      lane.queue.done(*task);
      task->stamps[lane.module].startNs = startNs;
    }
    finishBatch(lane, number, std::move(batch), std::move(results), startNs, doneNs, lock);
  }
}

// The worker waits for another thread or process: that one gets tasks early, so that it never waits for the worker.
void Engine::servePrefetching(Lane& lane, Worker& worker, int32_t number, Lock& lock) {
  std::vector<TaskRef> prefetched;
  for (int64_t doneNs = 0;;) {
    prefetchMore(lane, worker, number, prefetched, lock);
    if (prefetched.empty()) return;
    lock.unlock();
    const auto next = prefetched.begin() + static_cast<ptrdiff_t>(worker.ready(prefetched));
    Batch batch{{std::move(*next)}};
    prefetched.erase(next);
    // Until the last one was done this thread was busy with that.
    const int64_t startNs = std::max(doneNs, batch.tasks[0]->stamps[lane.module].startNs);
    const WorkScope at(workOn(lane, number, *batch.tasks[0]));
    std::vector<Observation> results = runBatch(lane, worker, batch);
    doneNs = nowNs();
    lock.lock();
    finishBatch(lane, number, std::move(batch), std::move(results), startNs, doneNs, lock);
  }
}

// At least one in the end, unless the run ends; more only if they are there. A stateful module's tasks stay in order
// because the lane has this thread alone.
void Engine::prefetchMore(Lane& lane, Worker& worker, int32_t number, std::vector<TaskRef>& prefetched, Lock& lock) {
  while (state_ < EngineState::ended && prefetched.size() < static_cast<size_t>(lane.node.prefetch)) {
    Batch batch = prefetched.empty() ? takeBatch(lane, lock) : lane.queue.take(1);
    if (batch.tasks.empty()) return;
    if (lane.node.stateful && finishAtOnce(lane, batch, lock)) continue;
    for (TaskRef& task : batch.tasks) {
      lane.queue.done(*task);
      task->stamps[lane.module].startNs = nowNs();
      lock.unlock();
      {
        const WorkScope at(workOn(lane, number, *task));
        worker.prefetch(task);
      }
      lock.lock();
      prefetched.push_back(std::move(task));
    }
  }
}

// Of a stateful module: true if the task needs no worker, or waits for the result of its anchor.
bool Engine::finishAtOnce(Lane& lane, Batch& batch, Lock& lock) {
  const TaskRef& task = batch.tasks[0];
  bool parked = false;
  std::optional<Observation> result = withoutRunning(lane, task, parked);
  if (!result && !parked) return false;
  After after;
  lane.queue.done(*task);
  if (result) setResult(task, lane.module, std::move(*result), after);
  lock.unlock();
  batch.tasks.clear();
  after.run();
  lock.lock();
  return true;
}

// Counts a finished batch and passes its results on.
void Engine::finishBatch(Lane& lane, int32_t number, Batch batch, std::vector<Observation> results, int64_t startNs,
                         int64_t doneNs, Lock& lock) {
  After after;
  lane.stats.batches++;
  lane.stats.busyNs += doneNs - startNs;
  for (size_t i = 0; i < batch.tasks.size(); i++) {
    const TaskRef& task = batch.tasks[i];
    Stamps& stamps = task->stamps[lane.module];
    stamps.doneNs = doneNs;
    stamps.worker = number;
    stamps.batch = static_cast<int32_t>(batch.tasks.size());
    lane.stats.add(startNs - stamps.readyNs, doneNs - startNs);
    if (options_.trace && !lane.node.sink)  // the composition records its own spans
      options_.trace->add(
          {lane.node.name, number, task->source, task->seq, stamps.readyNs, startNs, doneNs, stamps.batch});
    setResult(task, lane.module, std::move(results[i]), after);
  }
  if (lane.node.stateful && lane.node.workers > 1) lane.wake.notify_one();
  lock.unlock();
  batch.tasks.clear();
  after.run();
  lock.lock();
}

// Outside the lock. A failed batch is tried again task by task, so that one bad frame does not take its neighbours
// along.
std::vector<Observation> Engine::runBatch(Lane& lane, Worker& worker, const Batch& batch) {
  std::vector<Observation> results(batch.tasks.size());
  const auto attempt = [&](size_t first, size_t count) -> std::optional<Error> {
    try {
      worker.run({batch.tasks.data() + first, count}, {results.data() + first, count});
      return std::nullopt;
    } catch (const Error& e) {
      return e;
    } catch (const std::exception& e) {
      return Error(ErrorCode::MODULE_FAILED, "Module \"" + lane.node.name + "\" failed: " + e.what());
    }
  };
  std::optional<Error> error = attempt(0, batch.tasks.size());
  if (!error) return results;
  const bool single = batch.tasks.size() == 1;
  const int32_t tries = lane.node.policy.retry + (single || lane.node.stateful ? 0 : 1);
  for (size_t i = 0; i < batch.tasks.size(); i++) {
    std::optional<Error> last = error;
    for (int32_t n = 0; n < tries && last && last->code != ErrorCode::DEVICE_LOST; n++) last = attempt(i, 1);
    if (last) results[i] = afterFailure(lane, *batch.tasks[i], *last);
  }
  return results;
}

Observation Engine::afterFailure(Lane& lane, Task& task, const Error& error) {
  {
    Lock lock(mutex_);
    lane.stats.failures++;
    if (stopped()) return Observation::nothing(Reason::cancelled);
  }
  const bool lost = error.code == ErrorCode::DEVICE_LOST;  // for the whole process: there is nothing to go on with
  switch (lost ? OnError::fail : lane.node.policy.onError) {
    case OnError::skip: break;
    case OnError::fallback: return task.observations[graph_.fallbackOf(lane.module)];
    case OnError::fail: {
      Error reported = error;
      reported.module = lane.node.name;
      {
        Lock lock(mutex_);
        if (task.source == kSubmitted) {  // one picture's failure is not the run's
          if (!task.error) task.error = std::move(reported);
          break;
        }
        if (reported.source.empty()) reported.source = sessions_.at(task.source)->options.id;
      }
      fail(reported);
      break;
    }
  }
  return Observation::nothing(Reason::error);
}

}  // namespace framepath::graph
