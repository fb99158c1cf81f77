// A module as the engine sees it: a name, what it depends on, how it is run and what happens when it fails.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "generated/graph_enums.h"
#include "generated/module_defaults.h"
#include "graph/task.h"

namespace framepath::graph {

struct Policy {
  int32_t stride = defaults::Policy::stride;  // every Nth frame; carried between
  int32_t retry = defaults::Policy::retry;    // stateless only
  double timeoutMs = 0;
  OnError onError = defaults::Policy::onError;
  std::string fallback;  // the module whose observation stands in
  int32_t maxBatch = 1;  // 0 = chosen by the model and where it runs
  double maxWaitMs = defaults::Policy::maxWaitMs;
};

// One thread's executor of a module.
class Worker {
 public:
  virtual ~Worker() = default;
  // results[i] is the observation about tasks[i]. Throws: the policy decides, for the batch first, then task by task.
  virtual void run(std::span<const TaskRef> tasks, std::span<Observation> results) = 0;
  // Of a worker that waits for another thread or process: tasks that will be run, early and in order. run() then gets
  // them one by one.
  virtual void prefetch(const TaskRef& /*task*/) {}
  // Blocks until one of the prefetched tasks can be run without waiting; returns its position.
  virtual size_t ready(std::span<const TaskRef> /*prefetched*/) { return 0; }
  // From any thread: a run() or ready() that waits returns soon (throwing is fine).
  virtual void interrupt() {}
  // From any thread: every frame of this source has a result, no more frames follow.
  virtual void onSourceEnded(int32_t /*source*/) {}
};

struct ModuleNode {
  std::string name;
  std::vector<std::string> depends;
  bool stateful = false;        // each source's tasks in seq order, one at a time
  bool pixels = false;          // holds the frame's lease until it has a result
  bool acceptsNothing = false;  // runs although a dependency has no value
  bool internal = false;        // a step of another module; its observation is not delivered
  bool sink = false;            // results do not wait for it (composition)
  int32_t workers = 1;
  int32_t prefetch = 1;  // tasks that a worker has at once; above 1, a stateful module has one worker
  Policy policy;
  std::function<std::unique_ptr<Worker>()> openWorker;  // at start, on the starting thread
  // Optional, quick, under the engine's lock: true, with a result, where there is nothing to do.
  std::function<bool(const Task& task, Observation& result)> passes;
};

// Modules with their dependencies resolved. Throws GRAPH_INVALID: duplicate or empty names, unknown dependencies,
// cycles, policies that do not fit.
class Graph {
 public:
  explicit Graph(std::vector<ModuleNode> nodes);

  size_t size() const { return nodes_.size(); }
  const ModuleNode& node(size_t module) const { return nodes_[module]; }
  const std::vector<int32_t>& dependents(size_t module) const { return dependents_[module]; }
  const std::vector<int32_t>& dependencies(size_t module) const { return dependencies_[module]; }
  int32_t fallbackOf(size_t module) const { return fallbacks_[module]; }
  int32_t find(const std::string& name) const;  // -1: no such module
  int32_t pixelReaders() const { return pixelReaders_; }
  int32_t resultModules() const { return resultModules_; }

 private:
  std::vector<ModuleNode> nodes_;
  std::vector<std::vector<int32_t>> dependents_, dependencies_;
  std::vector<int32_t> fallbacks_;
  int32_t pixelReaders_ = 0, resultModules_ = 0;
};

}  // namespace framepath::graph
