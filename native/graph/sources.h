// Where frames come from, as the engine reads them: files and image lists through media, pixels pushed by the caller.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "core/pool.h"
#include "device/image.h"
#include "graph/engine.h"
#include "media/source_reader.h"

namespace framepath::graph {

class ReaderSource : public FrameSource {
 public:
  explicit ReaderSource(std::shared_ptr<media::SourceReader> reader) : reader_(std::move(reader)) {}
  FrameRef next() override { return reader_->next(); }
  void interrupt() override { reader_->interrupt(); }

 private:
  std::shared_ptr<media::SourceReader> reader_;
};

// Pushed pixels wait here, a few at most; the pusher is told when there is room again.
class PushedSource : public FrameSource {
 public:
  using Taken = std::function<void(bool taken)>;

  PushedSource(std::shared_ptr<Device> device, PixelFormat format, int32_t width, int32_t height);
  FrameRef next() override;
  void interrupt() override;

  // Copies `bytes` (planes one after the other, rows without padding). `taken` is called once: true when the next one
  // may come, false when the source is gone. Throws INVALID_ARGUMENT for a wrong size.
  void push(const uint8_t* bytes, size_t size, int64_t ptsUs, Taken taken);
  // No more comes; with `error` the source failed, after what it gave before.
  void end(std::optional<Error> error = std::nullopt);

 private:
  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  const PixelFormat format_;
  const int32_t width_, height_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FrameRef> frames_;
  std::deque<Taken> waiting_;
  int64_t index_ = 0, lastUs_ = -1;
  bool ended_ = false, gone_ = false;
  std::optional<Error> error_;
};

// A picture from caller's bytes on `device`.
FrameRef frameFromBytes(Device& device, Queue& queue, PixelFormat format, int32_t width, int32_t height,
                        const uint8_t* bytes, size_t size);

}  // namespace framepath::graph
