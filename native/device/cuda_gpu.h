// One GPU in this process: its primary context with everything made in it. Shared by all devices that are open on it;
// what was made goes with the last of them.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "device/cuda_kernels.h"
#include "device/cuda_memory.h"

namespace framepath::cuda {

struct GpuFacts {
  std::string name;
  std::string pciBusId;      // 0000:65:00.0; empty: the driver does not report it
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  uint64_t totalBytes = 0;
  std::string text() const;
};

class Gpu {
 public:
  // The one that is open, or a new one. Throws DEVICE_UNAVAILABLE, DEVICE_OUT_OF_MEMORY, DEVICE_LOST.
  static std::shared_ptr<Gpu> open(int index);
  // What can be read without a context. Throws DEVICE_UNAVAILABLE where there is no such GPU, or none that we support.
  static GpuFacts look(const Driver& driver, int index);

  Gpu(const ReadyDriver& ready, int index, const GpuFacts& facts);
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  const Driver& driver;
  const int index, driverVersion;
  const GpuFacts facts;
  const Check cu;

  Context context() const { return context_; }
  MemoryPool& memory() { return *memory_; }
  const Kernels& kernels() const { return *kernels_; }

  // Runs calls with the context current on this thread. Throws DEVICE_LOST.
  template <typename Calls>
  auto inContext(Calls&& calls) {
    const Current current(driver, cu, context_);
    return calls();
  }
  // The same for destructors: nothing is called once the GPU is lost.
  template <typename Calls>
  void quietly(Calls&& calls) noexcept {
    if (cu.lost() || !cu.quietly(driver.cuCtxPushCurrent_v2(context_), "cuCtxPushCurrent")) return;
    calls();
    Context popped = nullptr;
    cu.quietly(driver.cuCtxPopCurrent_v2(&popped), "cuCtxPopCurrent");
  }

  Event takeEvent();
  void giveBackEvent(Event event) noexcept;

 private:
  Ordinal ordinal_ = 0;
  Context context_ = nullptr;
  std::unique_ptr<MemoryPool> memory_;
  std::unique_ptr<Kernels> kernels_;
  std::mutex eventMutex_;
  std::vector<Event> events_;
};

}  // namespace framepath::cuda
