// The GPU behind the device contract.
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "device/backends.h"
#include "device/cuda_queue.h"

namespace framepath {
namespace cuda {
namespace {

class CudaMemory : public Memory {
 public:
  CudaMemory(std::shared_ptr<Gpu> gpu, std::shared_ptr<std::atomic<size_t>> live, void* data, size_t bytes,
             size_t blockBytes, MemoryKind kind)
      : Memory(data, bytes), gpu_(std::move(gpu)), live_(std::move(live)), blockBytes_(blockBytes), kind_(kind) {
    *live_ += bytes;
  }
  ~CudaMemory() override {
    *live_ -= bytes;
    gpu_->memory().release(data, blockBytes_, kind_);
    if (!gpu_->memory().keeps()) gpu_->quietly([&] { gpu_->memory().trim(); });
  }

 private:
  std::shared_ptr<Gpu> gpu_;
  std::shared_ptr<std::atomic<size_t>> live_;
  size_t blockBytes_;
  MemoryKind kind_;
};

bool oneStream() {
  const char* value = std::getenv("FRAMEPATH_CUDA_STREAMS");
  return value && std::strcmp(value, "one") == 0;
}

class CudaDevice : public Device {
 public:
  CudaDevice(int index, const DeviceOptions& options)
      : gpu_(Gpu::open(index)), stream_(oneStream() ? std::make_shared<StreamOwner>(gpu_) : nullptr) {
    gpu_->inContext([&] { gpu_->memory().setLimit(options.memoryLimit); });
  }

  DeviceId id() const override { return {DeviceKind::cuda, gpu_->index}; }
  std::string description() const override { return gpu_->facts.text(); }
  std::string pciBusId() const override { return gpu_->facts.pciBusId; }
  void* native() const override { return gpu_->context(); }

  std::shared_ptr<Memory> allocate(size_t bytes, MemoryKind kind) override {
    size_t blockBytes = 0;
    void* data = gpu_->inContext([&] { return gpu_->memory().take(bytes, kind, blockBytes); });
    return std::make_shared<CudaMemory>(gpu_, live_, data, bytes, blockBytes, kind);
  }
  std::shared_ptr<void> reserve(uint64_t bytes, const std::string& forWhat) override {
    gpu_->inContext([&] { gpu_->memory().reserve(bytes, forWhat); });
    return std::shared_ptr<void>(gpu_.get(),
                                 [gpu = gpu_, bytes, forWhat](void*) { gpu->memory().unreserve(bytes, forWhat); });
  }
  DeviceMemory memory() const override { return gpu_->memory().memory(); }
  void trim() override {
    gpu_->inContext([&] { gpu_->memory().trim(); });
  }

  ExportHandle exportHandle(const Memory& memory) const override {
    const auto refused = [](const std::string& why) {
      return Error(ErrorCode::DEVICE_UNAVAILABLE,
                   "Memory of this GPU cannot be shared with other processes: " + why + ".",
                   "Modules in other processes see their pixels in memory of the host.");
    };
    if (!gpu_->driver.cuIpcGetMemHandle) throw refused("the driver has no cuIpcGetMemHandle");
    IpcHandle handle{};
    const Result result = gpu_->inContext(
        [&] { return gpu_->driver.cuIpcGetMemHandle(&handle, reinterpret_cast<Address>(memory.data)); });
    if (isSticky(result)) gpu_->cu(result, "cuIpcGetMemHandle");
    if (result != result::success) throw refused("cuIpcGetMemHandle: " + gpu_->driver.errorText(result));
    return std::to_array(handle.bytes);
  }

  std::unique_ptr<Queue> openQueue() override {
    return std::make_unique<CudaQueue>(stream_ ? stream_ : std::make_shared<StreamOwner>(gpu_), timer_);
  }
  void timeQueues(std::function<void(const QueueWork&)> listener) override {
    if (!gpu_->driver.cuEventElapsedTime) return;
    timer_ = std::make_shared<QueueTimer>(std::make_shared<StreamOwner>(gpu_), std::move(listener));
  }

  void copy(Queue& queue, void* to, size_t toPitch, const void* from, size_t fromPitch, size_t widthBytes,
            size_t height, CopyKind kind) override {
    if (widthBytes == 0 || height == 0) return;
    const auto stream = static_cast<Stream>(queue.native());
    const bool crosses = gpu_->inContext([&] {
      const bool toDevice = onDevice(to), fromDevice = onDevice(from);
      const bool whole = height == 1 || (toPitch == widthBytes && fromPitch == widthBytes);
      static_cast<CudaQueue&>(queue).enqueue([&] {
        if (whole && (toDevice || fromDevice))
          copyBytes(stream, to, toDevice, from, fromDevice, widthBytes * height);
        else
          copyRows(stream, to, toDevice, toPitch, from, fromDevice, fromPitch, widthBytes, height);
      });
      return toDevice != fromDevice;
    });
    if (crosses) copied_[static_cast<int>(kind)] += widthBytes * height;
  }

  void launch(Queue& queue, KernelId kernel, const void* args, size_t, const Grid& grid) override {
    if (grid.x <= 0 || grid.y <= 0 || grid.z <= 0) return;
    const Block block = blockFor(kernel, grid);
    Grid domain = grid;
    void* parameters[] = {const_cast<void*>(args), &domain};
    const auto blocks = [](int32_t size, unsigned per) { return (static_cast<unsigned>(size) + per - 1) / per; };
    const auto stream = static_cast<Stream>(queue.native());
    const auto launched = [&] {
      gpu_->cu(gpu_->driver.cuLaunchKernel(gpu_->kernels()[kernel], blocks(grid.x, block.x), blocks(grid.y, block.y),
                                           static_cast<unsigned>(grid.z), block.x, block.y, 1, 0, stream, parameters,
                                           nullptr),
               "cuLaunchKernel");
    };
    gpu_->inContext([&] { static_cast<CudaQueue&>(queue).enqueue(launched); });
  }

  uint64_t copiedBytes(CopyKind kind) const override { return copied_[static_cast<int>(kind)]; }
  size_t liveBytes() const override { return *live_; }

 private:
  // Also memory that others allocated on the GPU: a decoder, a model.
  bool onDevice(const void* data) const {
    MemoryType type{};
    const Result result = gpu_->driver.cuPointerGetAttribute(&type, pointerMemoryType, reinterpret_cast<Address>(data));
    if (result == result::invalidValue) return false;  // the driver does not know it: memory of the host
    gpu_->cu(result, "cuPointerGetAttribute");
    return type == MemoryType::device;
  }

  void copyBytes(Stream stream, void* to, bool toDevice, const void* from, bool fromDevice, size_t bytes) {
    const auto target = reinterpret_cast<Address>(to), source = reinterpret_cast<Address>(from);
    if (!toDevice)
      gpu_->cu(gpu_->driver.cuMemcpyDtoHAsync_v2(to, source, bytes, stream), "cuMemcpyDtoHAsync");
    else if (!fromDevice)
      gpu_->cu(gpu_->driver.cuMemcpyHtoDAsync_v2(target, from, bytes, stream), "cuMemcpyHtoDAsync");
    else
      gpu_->cu(gpu_->driver.cuMemcpyDtoDAsync_v2(target, source, bytes, stream), "cuMemcpyDtoDAsync");
  }

  void copyRows(Stream stream, void* to, bool toDevice, size_t toPitch, const void* from, bool fromDevice,
                size_t fromPitch, size_t widthBytes, size_t height) {
    Copy2d copy{};
    copy.srcMemoryType = fromDevice ? MemoryType::device : MemoryType::host;
    copy.srcHost = fromDevice ? nullptr : from;
    copy.srcDevice = fromDevice ? reinterpret_cast<Address>(from) : 0;
    copy.srcPitch = fromPitch;
    copy.dstMemoryType = toDevice ? MemoryType::device : MemoryType::host;
    copy.dstHost = toDevice ? nullptr : to;
    copy.dstDevice = toDevice ? reinterpret_cast<Address>(to) : 0;
    copy.dstPitch = toPitch;
    copy.widthInBytes = widthBytes;
    copy.height = height;
    gpu_->cu(gpu_->driver.cuMemcpy2DAsync_v2(&copy, stream), "cuMemcpy2DAsync");
  }

  std::shared_ptr<Gpu> gpu_;
  std::shared_ptr<StreamOwner> stream_;  // FRAMEPATH_CUDA_STREAMS=one: of all queues
  std::shared_ptr<QueueTimer> timer_;    // null: queues are not timed
  std::array<std::atomic<uint64_t>, static_cast<size_t>(CopyKind::count)> copied_{};
  std::shared_ptr<std::atomic<size_t>> live_ = std::make_shared<std::atomic<size_t>>(0);
};

}  // namespace
}  // namespace cuda

std::shared_ptr<Device> openCudaDevice(int32_t index, const DeviceOptions& options) {
  return std::make_shared<cuda::CudaDevice>(index, options);
}

}  // namespace framepath
