// A bounded set of equal things leased through shared_ptr: releasing returns them. An empty pool is back-pressure.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace framepath {

template <typename T>
class Pool {
 public:
  using Make = std::function<std::unique_ptr<T>()>;

  Pool(size_t capacity, Make make) : state_(std::make_shared<State>()) {
    state_->capacity = capacity;
    state_->make = std::move(make);
  }
  ~Pool() { close(); }

  // Waits for a free one; null after close(). Thread-safe.
  std::shared_ptr<T> lease() {
    std::unique_lock lock(state_->mutex);
    state_->freed.wait(lock,
                       [&] { return state_->closed || !state_->free.empty() || state_->made < state_->capacity; });
    if (state_->closed) return nullptr;
    std::unique_ptr<T> item;
    if (!state_->free.empty()) {
      item = std::move(state_->free.back());
      state_->free.pop_back();
    } else {
      item = state_->make();
      state_->made++;
    }
    state_->leased++;
    return std::shared_ptr<T>(item.release(), [state = state_](T* raw) {
      std::unique_ptr<T> back(raw);
      std::lock_guard lock(state->mutex);
      state->leased--;
      if (!state->closed) state->free.push_back(std::move(back));
      state->freed.notify_one();
    });
  }
  // Wakes waiters with null; things still leased die when released.
  void close() {
    std::vector<std::unique_ptr<T>> dropped;
    std::lock_guard lock(state_->mutex);
    state_->closed = true;
    dropped.swap(state_->free);
    state_->freed.notify_all();
  }
  size_t leased() const {
    std::lock_guard lock(state_->mutex);
    return state_->leased;
  }

 private:
  struct State {
    mutable std::mutex mutex;
    std::condition_variable freed;
    std::vector<std::unique_ptr<T>> free;
    size_t capacity = 0, made = 0, leased = 0;
    bool closed = false;
    Make make;
  };
  std::shared_ptr<State> state_;
};

}  // namespace framepath
