// The CPU as a device: queues run inline, so every fence is already complete.
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "device/backends.h"
#include "kernels/host.h"

namespace framepath {
namespace {

class CpuQueue : public Queue {
 public:
  Fence record() override { return {}; }
  void wait(const Fence& fence) override { waitHost(fence); }
  void synchronize() override {}
};

class CpuMemory : public Memory {
 public:
  CpuMemory(void* data, size_t bytes, std::shared_ptr<std::atomic<size_t>> live)
      : Memory(data, bytes), live_(std::move(live)) {
    *live_ += bytes;
  }
  ~CpuMemory() override {
    std::free(data);
    *live_ -= bytes;
  }

 private:
  std::shared_ptr<std::atomic<size_t>> live_;
};

class CpuDevice : public Device {
 public:
  explicit CpuDevice(std::string fallbackReason)
      : isa_(chooseIsa()), kernels_(hostKernels(isa_)), fallbackReason_(std::move(fallbackReason)) {}

  DeviceId id() const override { return {DeviceKind::cpu, 0}; }
  std::string description() const override { return std::string("CPU, ") + isaName(isa_); }

  std::shared_ptr<Memory> allocate(size_t bytes, MemoryKind) override {
    constexpr size_t kAlign = 64;
    const size_t rounded = (bytes + kAlign - 1) / kAlign * kAlign;
    void* data = rounded >= bytes ? std::aligned_alloc(kAlign, rounded ? rounded : kAlign) : nullptr;
    if (!data)
      throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY, "The CPU has no " + std::to_string(bytes) + " bytes left.",
                  "Use smaller pictures, fewer sources or a smaller inFlight.");
    return std::make_shared<CpuMemory>(data, bytes, live_);
  }
  std::shared_ptr<void> reserve(uint64_t, const std::string&) override { return nullptr; }
  DeviceMemory memory() const override {
    DeviceMemory memory;
    memory.used = liveBytes();
    return memory;
  }
  void trim() override {}
  std::unique_ptr<Queue> openQueue() override { return std::make_unique<CpuQueue>(); }

  void copy(Queue&, void* to, size_t toPitch, const void* from, size_t fromPitch, size_t widthBytes, size_t height,
            CopyKind) override {
    auto* target = static_cast<uint8_t*>(to);
    auto* source = static_cast<const uint8_t*>(from);
    for (size_t y = 0; y < height; y++) std::memcpy(target + y * toPitch, source + y * fromPitch, widthBytes);
  }
  void launch(Queue&, KernelId kernel, const void* args, size_t, const Grid& grid) override {
    kernels_[static_cast<int>(kernel)](args, grid);
  }

  uint64_t copiedBytes(CopyKind) const override { return 0; }
  size_t liveBytes() const override { return *live_; }
  std::string fallbackReason() const override { return fallbackReason_; }

 private:
  Isa isa_;
  const HostKernelTable& kernels_;
  const std::string fallbackReason_;
  std::shared_ptr<std::atomic<size_t>> live_ = std::make_shared<std::atomic<size_t>>(0);
};

}  // namespace

std::shared_ptr<Device> openCpuDevice(std::string fallbackReason) {
  return std::make_shared<CpuDevice>(std::move(fallbackReason));
}

}  // namespace framepath
