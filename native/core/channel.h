// A bounded queue between threads. Full = the producer waits, closed = the consumer drains what is left, then stops.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace framepath {

enum class Offer : uint8_t { taken, full, closed };

template <typename T>
class BoundedChannel {
 public:
  explicit BoundedChannel(size_t capacity) : capacity_(capacity) {}

  // False: closed, the value was not taken.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(value));
    filled_.notify_one();
    return true;
  }
  // Does not wait; the value is taken or dropped.
  Offer offer(T value) {
    std::lock_guard lock(mutex_);
    if (closed_) return Offer::closed;
    if (items_.size() >= capacity_) return Offer::full;
    items_.push_back(std::move(value));
    filled_.notify_one();
    return Offer::taken;
  }
  // Empty: closed and drained.
  std::optional<T> pull() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    T value = std::move(items_.front());
    items_.pop_front();
    room_.notify_one();
    return value;
  }
  // No more pushes; what is inside can still be pulled.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    filled_.notify_all();
    room_.notify_all();
  }
  // Close and throw away what is inside.
  void abort() {
    std::deque<T> dropped;
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      dropped.swap(items_);
      filled_.notify_all();
      room_.notify_all();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_, room_;
  std::deque<T> items_;
  size_t capacity_;
  bool closed_ = false;
};

}  // namespace framepath
