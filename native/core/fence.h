// A point in a queue's work. A null Fence is already complete.
#pragma once
#include <memory>

namespace framepath {

class FencePoint {
 public:
  virtual ~FencePoint() = default;
  virtual bool done() const noexcept = 0;  // also when a lost device will never get there
  virtual void waitHost() const = 0;  // blocks the calling thread; queues wait with Queue::wait. Throws DEVICE_LOST
  virtual void settle() const noexcept = 0;  // as waitHost, for destructors: a lost device is not waited for
};

using Fence = std::shared_ptr<const FencePoint>;

inline void waitHost(const Fence& fence) {
  if (fence) fence->waitHost();
}
inline void settle(const Fence& fence) noexcept {
  if (fence) fence->settle();
}

}  // namespace framepath
