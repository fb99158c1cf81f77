// Modules whose work is done by JavaScript: the lane's thread asks, waits, and takes the answer.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "graph/input.h"
#include "graph/module.h"

namespace framepath::graph {

// One JS module of one run. Thread-safe.
class ExternalModule : public std::enable_shared_from_this<ExternalModule> {
 public:
  // Posts to JavaScript, returns at once. `attempt` goes back with the answer; input is null unless asked for.
  using Ask = std::function<void(const TaskRef& task, int64_t attempt, const InputRef& input)>;

  ExternalModule(std::string name, double timeoutMs, Ask ask)
      : name_(std::move(name)), timeoutMs_(timeoutMs), ask_(std::move(ask)) {}

  // `reader` may be null.
  std::unique_ptr<Worker> openWorker(std::unique_ptr<InputReader> reader);
  struct Answer {
    enum Kind : uint8_t { nothing, value, failed } kind = nothing;
    std::optional<Error> error;           // of `failed`
    std::shared_ptr<const People> boxes;  // of `value`, where they are read
  };
  // An answer nobody waits for (late, of an earlier attempt, unknown) is ignored.
  void answer(int64_t taskId, int64_t attempt, Answer answer);
  void close();
  // The task JavaScript is being asked about, for its pixels; null when it is not (or no longer).
  TaskRef asked(int64_t taskId) const;

 private:
  class ExternalWorker;
  struct Pending {
    TaskRef task;
    int64_t attempt = 0;
    std::optional<Answer> answer;
  };
  Observation wait(const TaskRef& task, InputReader* reader);

  const std::string name_;
  const double timeoutMs_;
  const Ask ask_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::map<int64_t, Pending> pending_;
  int64_t attempts_ = 0;
  bool closed_ = false;
};

}  // namespace framepath::graph
