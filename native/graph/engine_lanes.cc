// Lanes: taking batches, running modules, what happens when they fail.
#include <chrono>

#include "core/thread_name.h"
#include "graph/engine.h"
#include "graph/engine_after.h"

namespace framepath::graph {

Batch Engine::takeBatch(Lane& lane, Lock& lock) {
  const Policy& policy = lane.node.policy;
  const auto full = static_cast<size_t>(policy.maxBatch);
  for (;;) {
    if (quit_) return {};
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
  for (;;) {
    Batch batch = takeBatch(lane, lock);
    if (batch.tasks.empty()) return;
    After after;
    if (lane.node.stateful) {
      const TaskRef& task = batch.tasks[0];
      bool parked = false;  // never: the anchor of a stateful module spoke before
      if (std::optional<Observation> says = withoutRunning(lane, task, parked)) {
        lane.queue.done(*task);
        speak(task, lane.module, std::move(*says), after);
        lock.unlock();
        batch.tasks.clear();
        after.run();
        lock.lock();
        continue;
      }
    }
    lock.unlock();
    const int64_t startNs = nowNs();
    std::vector<Observation> says = runBatch(lane, worker, batch);
    const int64_t doneNs = nowNs();
    lock.lock();
    lane.stats.batches++;
    lane.stats.busyNs += doneNs - startNs;
    for (size_t i = 0; i < batch.tasks.size(); i++) {
      const TaskRef& task = batch.tasks[i];
      Stamps& stamps = task->stamps[lane.module];
      stamps.startNs = startNs;
      stamps.doneNs = doneNs;
      stamps.worker = number;
      stamps.batch = static_cast<int32_t>(batch.tasks.size());
      lane.stats.add(startNs - stamps.readyNs, doneNs - startNs);
      if (options_.trace && !lane.node.sink)  // the programme tells its own times
        options_.trace->add(
            {lane.node.name, number, task->source, task->seq, stamps.readyNs, startNs, doneNs, stamps.batch});
      lane.queue.done(*task);
      speak(task, lane.module, std::move(says[i]), after);
    }
    if (lane.node.stateful && lane.node.workers > 1) lane.wake.notify_one();
    lock.unlock();
    batch.tasks.clear();
    after.run();
    lock.lock();
  }
}

// Outside the lock. A failed batch is tried again task by task, so that one bad frame does not take its neighbours
// along.
std::vector<Observation> Engine::runBatch(Lane& lane, Worker& worker, const Batch& batch) {
  std::vector<Observation> says(batch.tasks.size());
  const auto attempt = [&](size_t first, size_t count) -> std::optional<Error> {
    try {
      worker.run({batch.tasks.data() + first, count}, {says.data() + first, count});
      return std::nullopt;
    } catch (const Error& e) {
      return e;
    } catch (const std::exception& e) {
      return Error(ErrorCode::MODULE_FAILED, "Module \"" + lane.node.name + "\" failed: " + e.what());
    }
  };
  std::optional<Error> error = attempt(0, batch.tasks.size());
  if (!error) return says;
  const bool single = batch.tasks.size() == 1;
  const int32_t tries = lane.node.policy.retry + (single || lane.node.stateful ? 0 : 1);
  for (size_t i = 0; i < batch.tasks.size(); i++) {
    std::optional<Error> last = error;
    for (int32_t n = 0; n < tries && last && last->code != ErrorCode::DEVICE_LOST; n++) last = attempt(i, 1);
    if (last) says[i] = afterFailure(lane, *batch.tasks[i], *last);
  }
  return says;
}

Observation Engine::afterFailure(Lane& lane, Task& task, const Error& error) {
  {
    Lock lock(mutex_);
    lane.stats.failures++;
    if (stopping_) return Observation::nothing(Reason::cancelled);
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
        if (reported.source.empty()) reported.source = sources_[task.source]->options.id;
      }
      fail(reported);
      break;
    }
  }
  return Observation::nothing(Reason::error);
}

}  // namespace framepath::graph
