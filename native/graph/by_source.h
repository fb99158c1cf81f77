// What a stateful worker keeps of each source, until the source has ended.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>

namespace framepath::graph {

// A source's entry belongs to the worker that has a frame of it; entries of others may come and go meanwhile.
template <typename T>
class BySource {
 public:
  // Made at first use; stays where it is.
  T& at(int32_t source) {
    std::lock_guard lock(mutex_);
    return sources_[source];
  }
  // From any thread, when nothing more comes of the source.
  void erase(int32_t source) {
    std::lock_guard lock(mutex_);
    sources_.erase(source);
  }

 private:
  std::mutex mutex_;
  std::map<int32_t, T> sources_;
};

}  // namespace framepath::graph
