// What an engine call leaves to do after unlocking: release leases and tasks, call hooks.
#pragma once
#include <functional>
#include <vector>

#include "graph/engine.h"

namespace framepath::graph {

struct Engine::After {
  std::vector<LeaseRef> leases;
  std::vector<TaskRef> tasks;
  std::vector<std::shared_ptr<SourceSession>> sessions;
  std::vector<std::function<void()>> calls;

  void run() {
    leases.clear();
    tasks.clear();
    sessions.clear();
    for (auto& call : calls)
      if (call) call();
    calls.clear();
  }
};

}  // namespace framepath::graph
