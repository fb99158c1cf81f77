#include "device/cuda_queue.h"

namespace framepath::cuda {
namespace {

class CudaFence : public FencePoint {
 public:
  CudaFence(std::shared_ptr<Gpu> gpu, Stream stream) : gpu_(std::move(gpu)), stream_(stream) {
    gpu_->inContext([&] {
      event_ = gpu_->takeEvent();
      const Result result = gpu_->driver.cuEventRecord(event_, stream);
      if (result == result::success) return;
      gpu_->giveBackEvent(event_);
      gpu_->cu(result, "cuEventRecord");
    });
  }
  // A stream that waits for the event has taken note of what was recorded: the event may be recorded again.
  ~CudaFence() override { gpu_->giveBackEvent(event_); }

  bool done() const noexcept override {
    if (gpu_->cu.lost()) return true;
    const Result result = gpu_->driver.cuEventQuery(event_);
    if (result == result::notReady) return false;
    gpu_->cu.quietly(result, "cuEventQuery");
    return true;
  }
  void waitHost() const override {
    gpu_->inContext([&] { gpu_->cu(gpu_->driver.cuEventSynchronize(event_), "cuEventSynchronize"); });
  }
  void settle() const noexcept override {
    gpu_->quietly([&] { gpu_->cu.quietly(gpu_->driver.cuEventSynchronize(event_), "cuEventSynchronize"); });
  }

  void waitOn(Stream stream) const {
    if (stream == stream_) return;  // in order by itself
    gpu_->cu(gpu_->driver.cuStreamWaitEvent(stream, event_, 0), "cuStreamWaitEvent");
  }

 private:
  std::shared_ptr<Gpu> gpu_;
  Stream stream_;
  Event event_ = nullptr;
};

}  // namespace

StreamOwner::StreamOwner(std::shared_ptr<Gpu> onGpu) : gpu(std::move(onGpu)) {
  gpu->inContext([&] { gpu->cu(gpu->driver.cuStreamCreate(&stream, streamNonBlocking), "cuStreamCreate"); });
}

StreamOwner::~StreamOwner() {
  gpu->quietly([&] { gpu->cu.quietly(gpu->driver.cuStreamDestroy_v2(stream), "cuStreamDestroy"); });
}

CudaQueue::~CudaQueue() {
  Gpu& gpu = *stream_->gpu;
  gpu.quietly([&] { gpu.cu.quietly(gpu.driver.cuStreamSynchronize(stream_->stream), "cuStreamSynchronize"); });
  track_.reset();
}

Fence CudaQueue::record() {
  return std::make_shared<CudaFence>(stream_->gpu, stream_->stream);
}

void CudaQueue::wait(const Fence& fence) {
  if (!fence) return;
  const auto* ours = dynamic_cast<const CudaFence*>(fence.get());
  if (!ours) return fence->waitHost();  // of another kind of device
  stream_->gpu->inContext([&] { ours->waitOn(stream_->stream); });
}

void CudaQueue::synchronize() {
  Gpu& gpu = *stream_->gpu;
  gpu.inContext([&] { gpu.cu(gpu.driver.cuStreamSynchronize(stream_->stream), "cuStreamSynchronize"); });
}

}  // namespace framepath::cuda
