// CUDA streams as queues, events as fences.
#pragma once
#include <memory>

#include "device/cuda_gpu.h"

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
  explicit CudaQueue(std::shared_ptr<StreamOwner> stream) : stream_(std::move(stream)) {}
  ~CudaQueue() override;
  Fence record() override;
  void wait(const Fence& fence) override;
  void synchronize() override;
  void* native() override { return stream_->stream; }

 private:
  std::shared_ptr<StreamOwner> stream_;  // shared where all queues of a device are one stream
};

}  // namespace framepath::cuda
