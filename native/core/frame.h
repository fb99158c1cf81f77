// One decoded picture of one source. Immutable once made; shared by its readers.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/fence.h"
#include "core/view.h"

namespace framepath {

// Coordinates of all results about a frame (boxes, keypoints, tiles) are pixels of `width` x `height`: upright and
// square. Storage (`view.width` x `view.height`) differs where pixels are not square (sample aspect ratio):
// storage = coordinate * view.width / width.
class Frame {
 public:
  Frame(ImageView view, int32_t width, int32_t height, std::shared_ptr<void> owner, Fence ready = {})
      : view(view), width(width), height(height), ready(std::move(ready)), owner_(std::move(owner)) {}
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  // The memory goes back (to FFmpeg, to its pool) only when the producer's and every reader's work is done.
  ~Frame() {
    settle(ready);
    for (const Fence& read : reads_) settle(read);
  }

  // A reader that enqueued work on these pixels leaves its fence here. Thread-safe.
  void addReadFence(Fence fence) const {
    if (!fence) return;
    std::lock_guard lock(mutex_);
    std::erase_if(reads_, [](const Fence& f) { return f->done(); });
    reads_.push_back(std::move(fence));
  }

  double scaleX() const { return static_cast<double>(view.width) / width; }
  double scaleY() const { return static_cast<double>(view.height) / height; }

  const ImageView view;
  const int32_t width;  // upright, square pixels
  const int32_t height;
  const Fence ready;  // the producer's work; a reader waits for it on its own queue

  int64_t ptsUs = 0;       // microseconds from the source's start (startMs applied)
  int64_t durationUs = 0;  // 0 = unknown
  int64_t index = 0;       // number of the picture in the source, before stride and limits

  // The same picture as its source has it, of PQ or HLG, where a composition keeps that: of equal size and times.
  std::shared_ptr<const Frame> hdr = nullptr;

 private:
  std::shared_ptr<void> owner_;  // released after the read fences: destructor body runs first
  mutable std::mutex mutex_;
  mutable std::vector<Fence> reads_;
};

using FrameRef = std::shared_ptr<const Frame>;

}  // namespace framepath
