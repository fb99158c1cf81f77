// Reads a source that is opened, read and decoded in a process of its own: its pictures are that process's memory,
// mapped here and never copied.
#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "media/reader_process.h"
#include "media/source_reader.h"
#include "media/upload.h"

namespace framepath::media {

class IsolatedReader final : public SourceReader {
 public:
  // Waits until it has opened. `stop` is also the process's.
  IsolatedReader(std::shared_ptr<ReaderProcess> process, std::shared_ptr<Stop> stop, const SourceOptions& options,
                 std::shared_ptr<Device> device);

  const SourceInfo& info() const override { return info_; }
  FrameRef next() override;
  std::optional<OwnTime> ownTime() const override { return ownTime_; }
  std::optional<Error> emptyCut() const override { return emptyCut_; }
  ReaderCounters counters() const override;
  void interrupt() override { stop_->now(); }

 private:
  FrameRef received(const ReaderProcess::Message& message);
  void end(const Ended& ended);
  void count(const ReaderCounters& counters);

  const std::shared_ptr<Stop> stop_;
  const std::shared_ptr<Device> device_;
  const std::shared_ptr<SourceLink> link_;  // null: not needed
  std::unique_ptr<Queue> queue_;            // of uploads; null on the CPU
  Upload upload_;
  std::shared_ptr<ReaderProcess> process_;  // null: the source has ended or failed
  SourceInfo info_;
  std::optional<Error> emptyCut_;
  std::optional<OwnTime> ownTime_;
  int64_t lastUs_ = 0;
  mutable std::mutex mutex_;
  ReaderCounters counters_;
};

// Throws what openSource throws, and SOURCE_CRASHED. DecoderChoice::hardware is refused with INVALID_ARGUMENT: a GPU's
// decoder is driven by this process.
std::unique_ptr<SourceReader> openIsolated(const SourceOptions& options, std::shared_ptr<Device> device);

}  // namespace framepath::media
