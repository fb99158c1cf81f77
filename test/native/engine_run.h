// What the tests of the engine share: sources and modules that are made up, and one run of the engine on them.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "check.h"
#include "device/image.h"
#include "graph/engine.h"

namespace engine_run {

using namespace framepath;
using namespace framepath::graph;

inline void pause(int us) {
  if (us > 0) std::this_thread::sleep_for(std::chrono::microseconds(us));
}

inline FrameRef makeFrame(int64_t index) {
  ImageView view;
  view.width = view.height = 2;
  auto frame = std::make_shared<Frame>(view, 2, 2, nullptr);
  frame->index = index;
  frame->ptsUs = index * 40'000;
  return frame;
}

class CountingSource : public FrameSource {
 public:
  CountingSource(int frames, int delayUs, int failAt = -1) : frames_(frames), delayUs_(delayUs), failAt_(failAt) {}
  FrameRef next() override {
    pause(delayUs_);
    if (interrupted_ || index_ >= frames_) return nullptr;
    if (index_ == failAt_) throw Error(ErrorCode::SOURCE_FAILED, "The cable was cut.");
    return makeFrame(index_++);
  }
  void interrupt() override { interrupted_ = true; }

 private:
  const int frames_, delayUs_, failAt_;
  int index_ = 0;
  std::atomic<bool> interrupted_{false};
};

// Returns the sum of its dependencies plus one, so that a wrong order of execution changes the value. Prefetched tasks
// early, it runs a stateless module's in any order.
class SumWorker : public Worker {
 public:
  SumWorker(const Graph* const* graph, std::string name, int delayUs, int failEvery)
      : graph_(graph), name_(std::move(name)), delayUs_(delayUs), failEvery_(failEvery) {}
  void prefetch(const TaskRef& task) override { CHECK(prefetched_.insert(task->id).second); }
  size_t ready(std::span<const TaskRef> prefetched) override {
    CHECK_EQUAL(prefetched.size(), prefetched_.size());
    for (const TaskRef& task : prefetched) CHECK(prefetched_.contains(task->id));
    const Graph& graph = **graph_;
    return graph.node(graph.find(name_)).stateful ? 0 : random_() % prefetched.size();
  }
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    pause(delayUs_);
    const Graph& graph = **graph_;
    if (graph.node(graph.find(name_)).prefetch > 1) {
      CHECK_EQUAL(tasks.size(), 1u);
      CHECK(prefetched_.erase(tasks[0]->id) == 1 || failEvery_);  // or tried again
    }
    const int32_t module = graph.find(name_);
    for (size_t i = 0; i < tasks.size(); i++) {
      if (failEvery_ && tasks[i]->seq % failEvery_ == failEvery_ - 1)
        throw Error(ErrorCode::MODULE_FAILED, "on purpose");
      if (graph.node(module).pixels && tasks[i]->frame()->index != tasks[i]->index)
        throw Error(ErrorCode::INTERNAL, "wrong frame");
      Classes sum;
      sum.rows = 1;
      for (int32_t dependency : graph.dependencies(module))
        if (const auto* other = tasks[i]->observations[dependency].as<Classes>()) sum.rows += other->rows;
      if (graph.node(module).stateful && tasks[i]->source >= 0) {
        auto [it, first] = lastSeq_.emplace(tasks[i]->source, -1);
        if (tasks[i]->seq <= it->second) throw Error(ErrorCode::INTERNAL, "out of order");
        it->second = tasks[i]->seq;
      }
      results[i] = observe(sum);
    }
  }

 private:
  const Graph* const* graph_;
  std::string name_;
  int delayUs_, failEvery_;
  std::map<int32_t, int64_t> lastSeq_;
  std::set<int64_t> prefetched_;
  std::minstd_rand random_;
};

struct Fixture {
  const Graph* graph = nullptr;
  std::promise<void> drained;
  std::atomic<int> sourcesFinished{0};
  std::mutex sampledMutex;
  std::vector<std::pair<int32_t, int64_t>> sampled;
  int disordered = 0;              // sampled tasks whose times do not follow one another
  std::unique_ptr<Engine> engine;  // last: its threads call the hooks until it is gone

  void build(std::vector<ModuleNode> nodes, bool open = false) {
    EngineHooks hooks;
    hooks.sourceFinished = [this](int32_t) { sourcesFinished++; };
    hooks.drained = [this] { drained.set_value(); };
    hooks.sampled = [this](const Task& task) {
      std::lock_guard lock(sampledMutex);
      sampled.emplace_back(task.source, task.seq);
      bool inOrder = task.decode.readyNs > 0 && task.decode.startNs <= task.decode.doneNs;
      for (size_t m = 0; m < task.stamps.size(); m++) {
        const Stamps& stamps = task.stamps[m];
        if (!stamps.startNs) continue;  // carried
        inOrder = inOrder && task.decode.doneNs <= stamps.readyNs && stamps.readyNs <= stamps.startNs &&
                  stamps.startNs <= stamps.doneNs && stamps.batch >= 1;
        for (const int32_t dependency : engine->graph().dependencies(m))
          inOrder = inOrder && task.stamps[dependency].doneNs <= stamps.readyNs;
      }
      if (!inOrder) disordered++;
    };
    engine = std::make_unique<Engine>(Graph(std::move(nodes)), hooks, EngineOptions{open, false});
    graph = &engine->graph();
  }
  ModuleNode node(const std::string& name, std::vector<std::string> depends, int delayUs = 0, int failEvery = 0) {
    ModuleNode node;
    node.name = name;
    node.depends = std::move(depends);
    node.openWorker = [this, name, delayUs, failEvery] {
      return std::make_unique<SumWorker>(&graph, name, delayUs, failEvery);
    };
    return node;
  }
  Delivery next(size_t max) {
    auto promise = std::make_shared<std::promise<Delivery>>();
    engine->next(max, [promise](Delivery d) { promise->set_value(std::move(d)); });
    return promise->get_future().get();
  }
};

struct Seen {
  std::map<int32_t, int64_t> nextSeq;
  int64_t count = 0;
  bool ordered = true;
  void take(const Delivery& delivery) {
    for (const TaskRef& task : delivery.tasks) {
      ordered = ordered && task->seq == nextSeq[task->source];
      nextSeq[task->source] = task->seq + 1;
      count++;
    }
  }
};

inline void checkConserved(const Engine& engine) {
  for (const SourceCounts& counts : engine.counts()) {
    int64_t dropped = 0;
    for (const auto& [cause, n] : counts.dropped) dropped += n;
    CHECK_EQUAL(counts.in, counts.delivered + dropped + counts.inFlight);
    CHECK_EQUAL(counts.inFlight, 0);
  }
  CHECK_EQUAL(engine.liveLeases(), 0);
}

}  // namespace engine_run
