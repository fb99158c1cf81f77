// Clips of live sources that are asked for while the run goes.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "core/stop.h"
#include "graph/recoveries.h"
#include "graph/report.h"
#include "graph/source_table.h"

namespace framepath::graph {

struct RecordingRequest {
  std::string source, path;
  int64_t preMs = -1;  // -1: as much as is kept
  int64_t postMs = 0;
};

// Thread-safe.
class Recordings {
 public:
  explicit Recordings(Recoveries& recoveries) : recoveries_(recoveries) {}

  // Writes a clip on the caller's thread, which waits for its end. Throws what media::writeClip() throws,
  // INVALID_ARGUMENT for a source that keeps nothing or less than `preMs`, OUTPUT_FAILED for one that has ended, BUSY
  // when too many are at work, RUN_CLOSED.
  RecordingReport record(const SourceFile& source, const RecordingRequest& request);
  void stop();  // every clip ends as it is
  void wait();  // until they have, up to a moment after stop()
  void addTo(Report& report) const;

 private:
  void note(RecordingReport recording);

  static constexpr size_t kKept = 1000;

  Recoveries& recoveries_;
  const std::shared_ptr<Stop> stop_ = std::make_shared<Stop>();
  const std::shared_ptr<Stop> endBy_ = std::make_shared<Stop>();  // of rewriting MP4
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  int32_t running_ = 0;
  std::deque<RecordingReport> past_;
};

}  // namespace framepath::graph
