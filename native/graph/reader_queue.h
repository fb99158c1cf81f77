// What waits for a reader who asks for one value after the other; the writer waits when there are many.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/frame.h"
#include "core/packet.h"

namespace framepath::graph {

// Thread-safe.
template <typename T>
class ReaderQueue {
 public:
  using Callback = std::function<void(std::optional<T>)>;

  // `what` is named in errors: "packet".
  ReaderQueue(size_t most, const char* what) : most_(most), what_(what) {}

  // Waits for room; after close() the value is dropped.
  void put(T value) { give(std::move(value), true); }
  // Does not wait: false where there is no room.
  bool offer(T value) { return give(std::move(value), false); }
  // The next value, or none after the end; `callback` is called once, here or by put() or close(). A second call
  // while one waits throws INVALID_ARGUMENT.
  void next(Callback callback) {
    std::optional<T> value;
    {
      std::lock_guard lock(mutex_);
      if (waiting_)
        throw Error(ErrorCode::INVALID_ARGUMENT, std::string("A ") + what_ + " is already being waited for.",
                    std::string("Await one ") + what_ + " before the next.");
      if (values_.empty() && !over_) {
        waiting_ = std::move(callback);
        room_.notify_all();
        return;
      }
      if (!values_.empty()) {
        value = std::move(values_.front());
        values_.pop_front();
        room_.notify_all();
      }
    }
    callback(std::move(value));
  }
  // No value follows; what waits can still be taken. Idempotent.
  void close() {
    shutdown();
    Callback callback;
    {
      std::lock_guard lock(mutex_);
      callback = std::exchange(waiting_, nullptr);
    }
    if (callback) callback(std::nullopt);
  }
  // From now on a full queue drops values instead of blocking. Readers still see the end by close() only.
  void shutdown() {
    std::lock_guard lock(mutex_);
    over_ = true;
    room_.notify_all();
  }

 private:
  bool give(T value, bool wait) {
    Callback callback;
    {
      std::unique_lock lock(mutex_);
      const auto room = [&] { return over_ || waiting_ || values_.size() < most_; };
      if (wait)
        room_.wait(lock, room);
      else if (!room())
        return false;
      if (over_) return true;
      if (!waiting_) {
        values_.push_back(std::move(value));
        return true;
      }
      callback = std::exchange(waiting_, nullptr);
    }
    callback(std::move(value));
    return true;
  }

  const size_t most_;
  const char* const what_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<T> values_;
  Callback waiting_;
  bool over_ = false;
};

struct PacketQueue : ReaderQueue<Packet> {
  PacketQueue() : ReaderQueue(256, "packet") {}
};

// Of few canvases: they are as large as the pool that they come from allows.
struct CanvasQueue : ReaderQueue<FrameRef> {
  static constexpr size_t kMost = 2;
  CanvasQueue() : ReaderQueue(kMost, "canvas") {}
};

}  // namespace framepath::graph
