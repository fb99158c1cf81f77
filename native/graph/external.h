// Modules whose work is done by JavaScript: the lane's thread sends a request, waits, and takes the answer.
#pragma once
#include <condition_variable>
#include <exception>
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
  // Posts to JavaScript, returns at once. `attempt` goes back with the answer; input is null unless the module has one.
  using Ask = std::function<void(const TaskRef& task, int64_t attempt, const InputRef& input)>;

  // Called once, when the module could not read its pixels on the device and reads them on the host from then on.
  using FellBackToHost = std::function<void(const std::string& reason)>;

  ExternalModule(std::string name, double timeoutMs, Ask ask, FellBackToHost fellBackToHost = {})
      : name_(std::move(name)),
        timeoutMs_(timeoutMs),
        ask_(std::move(ask)),
        fellBackToHost_(std::move(fellBackToHost)) {}

  // `reader` may be null.
  std::unique_ptr<Worker> openWorker(std::unique_ptr<PixelReader> reader);
  struct Answer {
    // outOfReach: of pixels on the device; the request is repeated with pixels on the host.
    enum Kind : uint8_t { nothing, value, failed, outOfReach } kind = nothing;
    std::optional<Error> error;           // of `failed` and `outOfReach`
    std::shared_ptr<const People> boxes;  // of `value`, where they are read
  };
  // False: nobody waits for it (late, a second one, of an earlier attempt, unknown), and it is ignored.
  bool answer(int64_t taskId, int64_t attempt, Answer answer);
  void close();
  // The task of a pending request, for its pixels; null when there is none (any more).
  TaskRef asked(int64_t taskId) const;

 private:
  class ExternalWorker;
  struct Pending {  // a request to JavaScript
    TaskRef task;
    int64_t attempt = 0;
    InputRef input;  // its pixels stay until it is answered: a window may have moved on
    std::optional<Answer> answer;
    std::exception_ptr unread;  // its pixels could not be made
    bool onDevice() const { return input && input->onDevice; }
    bool settled() const { return answer || unread; }
  };
  void prefetch(const TaskRef& task, PixelReader* reader);
  size_t ready(std::span<const TaskRef> prefetched);
  Observation wait(const TaskRef& task, PixelReader* reader);
  void ask(const TaskRef& task, PixelReader* reader);
  std::optional<Pending> take(int64_t taskId);
  void readOnHost(const std::string& reason);

  const std::string name_;
  const double timeoutMs_;
  const Ask ask_;
  const FellBackToHost fellBackToHost_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::map<int64_t, Pending> pending_;
  int64_t attempts_ = 0;
  bool closed_ = false;
  bool onHost_ = false;  // although the device's memory was wanted: from then on
};

}  // namespace framepath::graph
