// Interrupts calls that block in a library: who makes such a call registers how, who closes the run decides when.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace framepath {

// Thread-safe.
class Interrupt : public std::enable_shared_from_this<Interrupt> {
 public:
  // `end` is called by now(), from its thread; at once where that has been. It must return soon and is not called any
  // more once what is returned is gone.
  [[nodiscard]] std::shared_ptr<void> on(std::function<void()> end) {
    std::lock_guard lock(mutex_);
    if (passed_) end();
    const auto at = ends_.insert(ends_.end(), std::move(end));
    return std::shared_ptr<void>(nullptr, [self = shared_from_this(), at](void*) {
      std::lock_guard lock(self->mutex_);
      self->ends_.erase(at);
    });
  }
  void now() {
    std::lock_guard lock(mutex_);
    if (std::exchange(passed_, true)) return;
    for (const auto& end : ends_) end();
  }

 private:
  std::mutex mutex_;
  std::list<std::function<void()>> ends_;
  bool passed_ = false;
};

}  // namespace framepath
