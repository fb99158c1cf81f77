// The sources of a run that starts, opened side by side on threads of their own.
#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/stop.h"
#include "graph/open_source.h"

namespace framepath::graph {

// One thread owns it.
class SourceOpenings {
 public:
  // Begins at once. `failed` is called when one cannot be opened, from its thread; the others are cancelled then.
  SourceOpenings(const std::vector<SourceSpec>& specs, const OpeningOptions& options, std::function<void()> failed);
  ~SourceOpenings();  // cancels what was not taken
  SourceOpenings(const SourceOpenings&) = delete;
  SourceOpenings& operator=(const SourceOpenings&) = delete;

  // Waits; in the order of the specs. Throws what the first that failed threw.
  std::vector<OpenedSource> take();
  // Ends what is at work and waits for it. Throws what had failed before.
  void cancel();

 private:
  void work();
  void join();

  const std::vector<SourceSpec>& specs_;
  const std::shared_ptr<Stop> stop_;  // of opening and of reading
  const OpeningOptions options_;
  const std::function<void()> failed_;
  std::mutex mutex_;
  size_t next_ = 0;
  bool cancelled_ = false;
  std::exception_ptr error_;  // the first, of one that was not cancelled
  std::vector<std::optional<OpenedSource>> opened_;
  std::vector<std::thread> threads_;
};

}  // namespace framepath::graph
