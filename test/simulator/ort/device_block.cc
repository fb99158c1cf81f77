#include "simulator/ort/device_block.h"

#include <cstring>

#include "device/cuda_types.h"
#include "simulator/simulator.h"

// The simulated driver, which this library is linked with.
extern "C" {
framepath::cuda::Result cuDevicePrimaryCtxRetain(framepath::cuda::Context*, framepath::cuda::Ordinal);
framepath::cuda::Result cuDevicePrimaryCtxRelease_v2(framepath::cuda::Ordinal);
framepath::cuda::Result cuCtxPushCurrent_v2(framepath::cuda::Context);
framepath::cuda::Result cuCtxPopCurrent_v2(framepath::cuda::Context*);
framepath::cuda::Result cuMemAlloc_v2(framepath::cuda::Address*, size_t);
framepath::cuda::Result cuMemFree_v2(framepath::cuda::Address);
}

namespace framepath::simulator {
namespace {

// The CUDA runtime works in the primary context, as we do.
template <typename Calls>
void inPrimaryContext(Calls&& calls) {
  cuda::Context context = nullptr;
  if (cuDevicePrimaryCtxRetain(&context, 0) != cuda::result::success) return;
  if (cuCtxPushCurrent_v2(context) == cuda::result::success) {
    calls();
    cuCtxPopCurrent_v2(&context);
  }
  cuDevicePrimaryCtxRelease_v2(0);
}

}  // namespace

void* makeDeviceBlock(const void* from, size_t bytes) {
  cuda::Address address = 0;
  inPrimaryContext([&] {
    if (cuMemAlloc_v2(&address, bytes) != cuda::result::success) address = 0;
  });
  struct Copy {
    void* to;
    const void* from;
    size_t bytes;
  } copy{reinterpret_cast<void*>(address), from, bytes};
  if (!address) return nullptr;
  const auto run = [](void* argument) {
    const auto& copy = *static_cast<const Copy*>(argument);
    std::memcpy(copy.to, copy.from, copy.bytes);
  };
  simulatorRun(nullptr, run, &copy);
  simulatorSynchronize(nullptr);
  return copy.to;
}

void freeDeviceBlock(void* block) {
  inPrimaryContext([&] { cuMemFree_v2(reinterpret_cast<cuda::Address>(block)); });
}

}  // namespace framepath::simulator
