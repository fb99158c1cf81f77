#include <algorithm>

#include "core/error.h"
#include "graph/module.h"

namespace framepath::graph {
namespace {

[[noreturn]] void invalid(const std::string& module, const std::string& sentence, const std::string& hint) {
  Error error(ErrorCode::GRAPH_INVALID, sentence, hint);
  error.module = module;
  throw error;
}

std::string listOf(const std::vector<ModuleNode>& nodes) {
  std::string list;
  for (const ModuleNode& node : nodes)
    if (!node.internal && !node.sink) list += (list.empty() ? "" : ", ") + node.name;
  return list.empty() ? "none" : list;
}

void checkPolicy(const ModuleNode& node) {
  const Policy& policy = node.policy;
  if (policy.stride < 1 || policy.maxBatch < 1 || policy.retry < 0 || node.workers < 1)
    invalid(node.name, "Module \"" + node.name + "\" has a stride, maxBatch or workers below 1, or a negative retry.",
            "Use whole numbers from 1 (retry from 0).");
  if (node.stateful && policy.retry > 0)
    invalid(node.name, "Module \"" + node.name + "\" keeps state per source, so it cannot retry.",
            "Remove retry, or use onError: 'skip'.");
  if (policy.onError == OnError::fallback && policy.fallback.empty())
    invalid(node.name, "Module \"" + node.name + "\" has onError 'fallback' but names no fallback.",
            "Name the module whose result stands in: fallback: 'other'.");
}

}  // namespace

Graph::Graph(std::vector<ModuleNode> nodes) : nodes_(std::move(nodes)) {
  const size_t n = nodes_.size();
  dependents_.resize(n);
  dependencies_.resize(n);
  fallbacks_.assign(n, -1);
  for (size_t i = 0; i < n; i++) {
    ModuleNode& node = nodes_[i];
    if (node.name.empty()) invalid("", "A module has no name.", "Give every module a name.");
    if (find(node.name) != static_cast<int32_t>(i))
      invalid(node.name, "Two modules are called \"" + node.name + "\".", "Give every module a name of its own.");
    checkPolicy(node);
    if (node.policy.onError == OnError::fallback) {
      fallbacks_[i] = find(node.policy.fallback);
      if (std::find(node.depends.begin(), node.depends.end(), node.policy.fallback) == node.depends.end())
        node.depends.push_back(node.policy.fallback);
    }
    for (const std::string& name : node.depends) {
      const int32_t dependency = find(name);
      if (dependency < 0)
        invalid(node.name, "Module \"" + node.name + "\" depends on \"" + name + "\", which does not exist.",
                "Modules of this pipeline: " + listOf(nodes_) + ".");
      dependencies_[i].push_back(dependency);
      dependents_[dependency].push_back(static_cast<int32_t>(i));
    }
    pixelReaders_ += node.pixels;
    resultModules_ += !node.sink;
  }
  // Kahn's algorithm: whatever is left waits for itself.
  std::vector<size_t> waiting(n);
  std::vector<int32_t> ready;
  for (size_t i = 0; i < n; i++) {
    waiting[i] = dependencies_[i].size();
    if (!waiting[i]) ready.push_back(static_cast<int32_t>(i));
  }
  size_t ordered = 0;
  while (ordered < ready.size())
    for (int32_t next : dependents_[ready[ordered++]])
      if (--waiting[next] == 0) ready.push_back(next);
  for (size_t i = 0; i < n; i++)
    if (waiting[i])
      invalid(nodes_[i].name, "Module \"" + nodes_[i].name + "\" depends on itself through other modules.",
              "Remove one of the dependencies on the cycle.");
}

int32_t Graph::find(const std::string& name) const {
  for (size_t i = 0; i < nodes_.size(); i++)
    if (nodes_[i].name == name) return static_cast<int32_t>(i);
  return -1;
}

}  // namespace framepath::graph
