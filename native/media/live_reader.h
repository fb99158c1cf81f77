// A live stream that comes back: when it breaks off it is opened again, after growing pauses, within a budget.
#pragma once
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>

#include "core/error.h"
#include "media/file_reader.h"

namespace framepath::media {

class LiveReader final : public SourceReader {
 public:
  // Whether a source with `info` is worth opening again: a stream of the network that is live, by its headers or
  // the caller's option.
  static bool comesBack(const SourceOptions& options, const SourceInfo& info);

  // Opens a source, with a LiveReader where it comes back. One that is sure to and is down, or takes long to answer, is
  // opened by next().
  static std::unique_ptr<SourceReader> open(const SourceOptions& options, std::shared_ptr<Device> device);

  ~LiveReader() override;

  const SourceInfo& info() const override { return info_; }
  FrameRef next() override;
  std::optional<OwnTime> ownTime() const override { return ownTime_; }
  ReaderCounters counters() const override;
  void interrupt() override;

 private:
  using Opening = std::future<std::unique_ptr<FileReader>>;
  LiveReader(const SourceOptions& options, std::shared_ptr<Device> device, std::shared_ptr<Stop> stop, SourceInfo info);

  void reopen();
  FrameRef following(FrameRef frame);
  void rejoin(const Frame& frame);
  void lose(const Error& loss);
  bool over() const;
  ReaderCounters sumLocked() const;

  std::shared_ptr<Stop> stop_;
  const SourceOptions options_;
  const std::shared_ptr<Device> device_;
  const SourceInfo info_;
  const bool endless_;  // an end is a loss too

  Opening opening_;               // still at work when the run started
  std::optional<Error> missing_;  // why it was down then

  mutable std::mutex mutex_;  // for what other threads look at
  std::condition_variable stopped_;
  std::unique_ptr<FileReader> reader_;  // null: lost
  ReaderCounters before_;               // of the readers before this one

  bool fellBack_ = false;  // once the GPU refused or failed it is not tried again

  std::string reason_;      // of the current outage
  int32_t attempts_ = 0;    // since the stream was last steady
  bool rejoining_ = false;  // the next frame is the first after an outage
  int64_t frameNs_ = 0;     // when the last frame came
  int64_t rejoinedNs_ = 0;
  int64_t lastUs_ = 0, lastIndex_ = -1;
  int64_t shiftUs_ = 0, indexShift_ = 0;
  std::optional<OwnTime> ownTime_;
};

}  // namespace framepath::media
