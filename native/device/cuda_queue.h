// CUDA streams as queues, events as fences.
#pragma once
#include <memory>

#include "device/cuda_gpu.h"
#include "device/cuda_timer.h"

namespace framepath::cuda {

// A stream; destroyed after its work is done.
class StreamOwner {
 public:
  explicit StreamOwner(std::shared_ptr<Gpu> gpu);
  ~StreamOwner();
  StreamOwner(const StreamOwner&) = delete;
  StreamOwner& operator=(const StreamOwner&) = delete;
  const std::shared_ptr<Gpu> gpu;
  Stream stream = nullptr;
};

class CudaQueue : public Queue {
 public:
  // `timer` may be null.
  CudaQueue(std::shared_ptr<StreamOwner> stream, const std::shared_ptr<QueueTimer>& timer)
      : stream_(std::move(stream)) {
    if (timer) track_.emplace(timer, stream_->stream);
  }
  ~CudaQueue() override;
  Fence record() override;
  void wait(const Fence& fence) override;
  void synchronize() override;
  void* native() override { return stream_->stream; }

  // Runs calls that enqueue something, in the context.
  template <typename Calls>
  void enqueue(Calls&& calls) {
    if (track_) track_->begin();
    calls();
    if (track_) track_->end();
  }

 private:
  std::optional<QueueTimer::Track> track_;
  std::shared_ptr<StreamOwner> stream_;  // shared where all queues of a device are one stream
};

}  // namespace framepath::cuda
