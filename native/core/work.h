// What a thread is at work on: for those who time what it has others do.
#pragma once
#include <cstdint>
#include <string_view>

namespace framepath {

struct Work {
  std::string_view stage;  // as the report names it; outlives the scope; empty: nothing of a run
  int32_t worker = 0;
  int32_t source = -1;  // -1: none
  int64_t seq = 0;      // of the first frame of a batch; of a canvas, its tick
  int32_t batch = 1;
  bool operator==(const Work&) const = default;
};

// The calling thread is at work on this while it lives.
class WorkScope {
 public:
  explicit WorkScope(const Work& work) : before_(current()) { current() = work; }
  ~WorkScope() { current() = before_; }
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;

  static Work& current() {
    thread_local Work work;
    return work;
  }

 private:
  const Work before_;
};

}  // namespace framepath
