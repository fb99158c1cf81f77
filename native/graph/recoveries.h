// What was lost while a run went on: counted, kept for the report, and passed on as it happens.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "graph/report.h"

namespace framepath::graph {

// The recovery of a module that should read its pixels on the GPU and gets them on the host.
inline constexpr const char* kPixelsOnHost = "pixels in memory of the host, not of the GPU";
// Of an identifier: rows for MOT files could not be kept to the end; the end of the run came before that of relinking,
// or of writing rows.
inline constexpr const char* kRowsLost = "rows of the MOT file from here on lost";
inline constexpr const char* kRelinkCut = "some identities not merged";
inline constexpr const char* kMotCut = "MOT file cut short";

// Thread-safe. A live stream may break off for months: the first half of kMost is kept, and the latest.
class Recoveries {
 public:
  using Listener = std::function<void(const Recovery&)>;  // from any thread; may be empty
  explicit Recoveries(Listener listener) : listener_(std::move(listener)) {}

  void add(Recovery recovery) {
    if (listener_) listener_(recovery);
    std::lock_guard lock(mutex_);
    counts_[recovery.what]++;
    if (kept_.size() == kMost) kept_.erase(kept_.begin() + kMost / 2);
    kept_.push_back(std::move(recovery));
  }
  // A listener for parts without a name: `where` is added.
  std::function<void(const std::string& what, const std::string& reason)> of(std::string where) {
    return [this, where = std::move(where)](const std::string& what, const std::string& reason) {
      add({where, what, reason});
    };
  }
  void addTo(Report& report) const {
    std::lock_guard lock(mutex_);
    report.recoveries.assign(kept_.begin(), kept_.end());
    report.recovered = counts_;
  }

 private:
  static constexpr size_t kMost = 1000;

  const Listener listener_;
  mutable std::mutex mutex_;
  std::deque<Recovery> kept_;
  std::map<std::string, int64_t> counts_;  // by what
};

}  // namespace framepath::graph
