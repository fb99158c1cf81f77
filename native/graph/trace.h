// Who worked when: a span for every piece of work, for the time line of a run.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace framepath::graph {

struct Span {
  std::string lane;  // the stage, as the report names it
  int32_t worker = 0;
  int32_t source = -1;  // -1: a submitted picture, or a canvas
  int64_t seq = 0;      // of the frame in its source; of a canvas, its tick
  int64_t readyNs = 0, startNs = 0, endNs = 0;
  int32_t batch = 1;  // tasks that were worked on together
  // Of a thread or process that answers for the lane's module, and of a GPU's queue that worked for the stage: what its
  // row is called, and the process it is.
  std::string host = {};
  int32_t pid = 0;
};

// Thread-safe. Bounded: spans past kMostSpans are counted and not kept.
class Trace {
 public:
  static constexpr size_t kMostSpans = 500'000;  // about 70 MB

  void add(Span span) {
    std::lock_guard lock(mutex_);
    if (spans_.size() < kMostSpans)
      spans_.push_back(std::move(span));
    else
      lost_++;
  }
  std::vector<Span> spans() const {
    std::lock_guard lock(mutex_);
    return spans_;
  }
  int64_t lost() const {
    std::lock_guard lock(mutex_);
    return lost_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Span> spans_;
  int64_t lost_ = 0;
};

}  // namespace framepath::graph
