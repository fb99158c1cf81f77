// The executor of one module: its ready queue and batcher. Every member belongs to the engine's lock.
#pragma once
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "graph/module.h"
#include "graph/stage_stats.h"

namespace framepath::graph {

// What a worker takes at once.
struct Batch {
  std::vector<TaskRef> tasks;
};

// Tasks waiting for a module. Stateless: any order, sources in turn. Stateful: each source in seq order, one at a time.
class ReadyQueue {
 public:
  explicit ReadyQueue(bool stateful) : stateful_(stateful) {}

  void push(TaskRef task);
  // Up to `max` tasks; one for a stateful module. Empty: nothing can run now.
  Batch take(size_t max);
  // The source's task `seq` is done: the next one may run.
  void done(const Task& task);
  void onSourceEnded(int32_t source) { sources_.erase(source); }  // nothing more comes of it
  size_t runnable() const;
  size_t size() const;                          // those that cannot run yet too
  int64_t oldestReadyNs(int32_t module) const;  // 0: none

 private:
  struct PerSource {
    std::deque<TaskRef> fifo;          // stateless
    std::map<int64_t, TaskRef> bySeq;  // stateful
    int64_t nextSeq = 0;
    bool busy = false;
    bool runnable(bool stateful) const {
      return stateful ? !busy && !bySeq.empty() && bySeq.begin()->first == nextSeq : !fifo.empty();
    }
  };
  bool stateful_;
  std::map<int32_t, PerSource> sources_;
  int32_t last_ = kSubmitted - 1;  // the source served last: the next one comes first
};

// Frames between the strides wait here for the observation they carry on.
class StrideMemory {
 public:
  explicit StrideMemory(int32_t stride) : stride_(stride) {}
  bool isAnchor(const Task& task) const { return task.seq % stride_ == 0; }
  // The result to carry; none: the task waits until its anchor has one.
  std::optional<Observation> carry(const TaskRef& task);
  // Returns the tasks that waited for this anchor.
  std::vector<TaskRef> onAnchorResult(const Task& task, const Observation& result);
  void onSourceEnded(int32_t source) { sources_.erase(source); }

 private:
  struct Anchor {
    std::optional<Observation> result;
    std::vector<TaskRef> waiting;
    int32_t carried = 0;
  };
  int32_t stride_;
  std::map<int32_t, std::map<int64_t, Anchor>> sources_;
};

struct Lane {
  Lane(const ModuleNode& node, int32_t module)
      : node(node), module(module), queue(node.stateful), strides(node.policy.stride) {
    stats.name = node.name;
    stats.kind = "module";
    stats.workers = node.workers;
  }

  const ModuleNode& node;
  const int32_t module;
  ReadyQueue queue;
  StrideMemory strides;
  std::condition_variable wake;
  std::vector<std::shared_ptr<Worker>> workers;  // shared with interrupts under way
  std::vector<std::thread> threads;
  StageStats stats;
  std::array<int64_t, kObservationKinds> resultCounts{};  // by observationKind()
  int64_t upstream = 0;                                   // live tasks that may still come
};

}  // namespace framepath::graph
