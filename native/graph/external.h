// Modules whose work is done by JavaScript: the lane's thread asks, waits, and takes the answer.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "graph/module.h"

namespace framepath::graph {

// One JS module of one run. Thread-safe.
class ExternalModule : public std::enable_shared_from_this<ExternalModule> {
 public:
  using Ask = std::function<void(const TaskRef& task)>;  // posts to JavaScript, returns at once

  ExternalModule(std::string name, double timeoutMs, Ask ask)
      : name_(std::move(name)), timeoutMs_(timeoutMs), ask_(std::move(ask)) {}

  std::unique_ptr<Worker> openWorker();
  enum class Answer : uint8_t { nothing, value, failed };
  // An answer nobody waits for (late, unknown) is ignored.
  void answer(int64_t taskId, Answer answer, const std::string& message);
  void close();
  // The task JavaScript is being asked about, for its pixels; null when it is not (or no longer).
  TaskRef asked(int64_t taskId) const;

 private:
  class ExternalWorker;
  struct Pending {
    TaskRef task;
    bool answered = false;
    Answer answer = Answer::nothing;
    std::string message;
  };
  Observation wait(const TaskRef& task);

  const std::string name_;
  const double timeoutMs_;
  const Ask ask_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::map<int64_t, Pending> pending_;
  bool closed_ = false;
};

}  // namespace framepath::graph
