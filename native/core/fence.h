// A point in a queue's work. A null Fence is already complete.
#pragma once
#include <memory>

namespace framepath {

class FencePoint {
 public:
  virtual ~FencePoint() = default;
  virtual bool done() const = 0;
  virtual void waitHost() const = 0;  // blocks the calling thread; device queues wait with Queue::wait instead
};

using Fence = std::shared_ptr<const FencePoint>;

inline void waitHost(const Fence& fence) {
  if (fence) fence->waitHost();
}

}  // namespace framepath
