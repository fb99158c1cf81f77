#include "graph/source_openings.h"

#include <algorithm>
#include <utility>

namespace framepath::graph {
namespace {

constexpr size_t kMostThreads = 16;  // opening waits for disks, networks and other processes

OpeningOptions withStop(OpeningOptions options, StopRef stop) {
  options.stop = std::move(stop);
  return options;
}

}  // namespace

SourceOpenings::SourceOpenings(const std::vector<SourceSpec>& specs, const OpeningOptions& options,
                               std::function<void()> failed)
    : specs_(specs),
      stop_(std::make_shared<Stop>(options.stop)),
      options_(withStop(options, stop_)),
      failed_(std::move(failed)),
      opened_(specs.size()) {
  for (size_t i = 0; i < std::min(specs.size(), kMostThreads); i++) threads_.emplace_back([this] { work(); });
}

SourceOpenings::~SourceOpenings() {
  if (threads_.empty()) return;
  stop_->now();
  join();
}

void SourceOpenings::work() {
  for (;;) {
    size_t at;
    {
      std::lock_guard lock(mutex_);
      if (next_ == specs_.size() || stop_->passed()) return;
      at = next_++;
    }
    try {
      opened_[at] = openSource(specs_[at], options_);
    } catch (...) {
      {
        std::lock_guard lock(mutex_);
        if (!error_ && !cancelled_) error_ = std::current_exception();
      }
      stop_->now();
      failed_();
    }
  }
}

void SourceOpenings::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<OpenedSource> SourceOpenings::take() {
  join();
  if (error_) std::rethrow_exception(error_);
  if (stop_->passed()) throw Error(ErrorCode::RUN_CLOSED, "The run was closed while its sources were opened.");
  std::vector<OpenedSource> all;
  for (std::optional<OpenedSource>& one : opened_) all.push_back(std::move(*one));
  return all;
}

void SourceOpenings::cancel() {
  {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  stop_->now();
  join();
  if (error_) std::rethrow_exception(error_);
}

}  // namespace framepath::graph
