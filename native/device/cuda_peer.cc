#include <algorithm>

#include "device/cuda_check.h"
#include "device/peer_memory.h"

namespace framepath {

using cuda::Address;

// A GPU's primary context, without kernels and pools: reading pixels needs none.
class PeerMemory::Gpu {
 public:
  explicit Gpu(int32_t index) : driver_(cuda::readyDriver().calls), cu_(driver_, index) {
    cu_.requireAlive();
    cu_(driver_.cuDeviceGet(&ordinal_, index), "cuDeviceGet");
    cu_(driver_.cuDevicePrimaryCtxRetain(&context_, ordinal_), "cuDevicePrimaryCtxRetain");
  }
  ~Gpu() {
    if (cu_.lost()) return;
    if (cu_.quietly(driver_.cuCtxPushCurrent_v2(context_), "cuCtxPushCurrent")) {
      for (const auto& [handle, address] : opened_)
        cu_.quietly(driver_.cuIpcCloseMemHandle(address), "cuIpcCloseMemHandle");
      cuda::Context popped = nullptr;
      cu_.quietly(driver_.cuCtxPopCurrent_v2(&popped), "cuCtxPopCurrent");
    }
    cu_.quietly(driver_.cuDevicePrimaryCtxRelease(ordinal_), "cuDevicePrimaryCtxRelease");
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  std::vector<uint8_t> read(Address address, size_t bytes) {
    std::vector<uint8_t> data(bytes);
    const cuda::Current current(driver_, cu_, context_);
    cu_(driver_.cuMemcpyDtoHAsync_v2(data.data(), address, bytes, nullptr), "cuMemcpyDtoHAsync");
    cu_(driver_.cuStreamSynchronize(nullptr), "cuStreamSynchronize");
    return data;
  }

  Address open(const ExportHandle& handle) {
    if (const auto known = opened_.find(handle); known != opened_.end()) return known->second;
    if (!driver_.cuIpcOpenMemHandle_v2 || !driver_.cuIpcCloseMemHandle)
      throw Error(ErrorCode::DEVICE_UNAVAILABLE, "The NVIDIA driver cannot open memory of other processes.");
    cuda::IpcHandle given{};
    std::copy(handle.begin(), handle.end(), given.bytes);
    Address address = 0;
    const cuda::Current current(driver_, cu_, context_);
    cu_(driver_.cuIpcOpenMemHandle_v2(&address, given, cuda::ipcLazyPeerAccess), "cuIpcOpenMemHandle");
    opened_[handle] = address;
    return address;
  }

 private:
  const cuda::Driver& driver_;
  const cuda::Check cu_;
  cuda::Ordinal ordinal_ = 0;
  cuda::Context context_ = nullptr;
  std::map<ExportHandle, Address> opened_;
};

PeerMemory::PeerMemory() = default;
PeerMemory::~PeerMemory() = default;

PeerMemory::Gpu& PeerMemory::of(int32_t gpu) {
  auto& known = gpus_[gpu];
  if (!known) known = std::make_unique<Gpu>(gpu);
  return *known;
}

std::vector<uint8_t> PeerMemory::read(int32_t gpu, uint64_t address, size_t bytes) {
  return of(gpu).read(address, bytes);
}

std::vector<uint8_t> PeerMemory::read(int32_t gpu, const ExportHandle& handle, size_t offset, size_t bytes) {
  Gpu& peer = of(gpu);
  return peer.read(peer.open(handle) + offset, bytes);
}

}  // namespace framepath
