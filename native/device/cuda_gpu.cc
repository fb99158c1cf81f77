#include "device/cuda_gpu.h"

#include <cctype>
#include <cstdio>
#include <map>

namespace framepath::cuda {
namespace {

constexpr int kOldestMajor = 7, kOldestMinor = 5;  // what the kernels are compiled for

}  // namespace

std::string GpuFacts::text() const {
  char rest[96];
  std::snprintf(rest, sizeof rest, ", compute capability %d.%d, %d multiprocessors, %.1f GB", major, minor,
                multiprocessors, static_cast<double>(totalBytes) / 1e9);
  return name + rest;
}

GpuFacts Gpu::look(const Driver& driver, int index) {
  const Check cu(driver, index);
  int count = 0;
  cu(driver.cuDeviceGetCount(&count), "cuDeviceGetCount");
  if (index >= count)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE,
                "There is no " + cu.gpu() + ": this process sees " +
                    (count == 0   ? "no GPU"
                     : count == 1 ? "one GPU, cuda:0"
                                  : std::to_string(count) + " GPUs") +
                    ".",
                "See nvidia-smi -L and CUDA_VISIBLE_DEVICES.");
  Ordinal ordinal = 0;
  cu(driver.cuDeviceGet(&ordinal, index), "cuDeviceGet");
  GpuFacts facts;
  char name[256] = {};
  cu(driver.cuDeviceGetName(name, sizeof name - 1, ordinal), "cuDeviceGetName");
  facts.name = name;
  char busId[32] = {};
  if (driver.cuDeviceGetPCIBusId(busId, sizeof busId - 1, ordinal) == result::success)
    for (const char* digit = busId; *digit; digit++)
      facts.pciBusId += static_cast<char>(std::tolower(static_cast<unsigned char>(*digit)));
  const auto attribute = [&](int which) {
    int value = 0;
    cu(driver.cuDeviceGetAttribute(&value, which, ordinal), "cuDeviceGetAttribute");
    return value;
  };
  facts.major = attribute(attribute::computeCapabilityMajor);
  facts.minor = attribute(attribute::computeCapabilityMinor);
  facts.multiprocessors = attribute(attribute::multiprocessorCount);
  size_t bytes = 0;
  cu(driver.cuDeviceTotalMem_v2(&bytes, ordinal), "cuDeviceTotalMem");
  facts.totalBytes = bytes;
  if (facts.major * 10 + facts.minor < kOldestMajor * 10 + kOldestMinor)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE,
                cu.gpu() + " (" + facts.name + ") has compute capability " + std::to_string(facts.major) + "." +
                    std::to_string(facts.minor) + "; 7.5 (Turing) is the oldest that is supported.",
                "Use device \"cpu\" or a newer GPU.");
  return facts;
}

std::shared_ptr<Gpu> Gpu::open(int index) {
  static auto* const mutex = new std::mutex;  // never destroyed: devices may outlive static objects
  static auto* const open = new std::map<int, std::weak_ptr<Gpu>>;
  std::lock_guard lock(*mutex);
  std::weak_ptr<Gpu>& known = (*open)[index];
  if (auto gpu = known.lock()) {
    gpu->cu.requireAlive();
    return gpu;
  }
  Check(driverLibrary(), index).requireAlive();
  const ReadyDriver ready = readyDriver();
  auto gpu = std::make_shared<Gpu>(ready, index, look(ready.calls, index));
  known = gpu;
  return gpu;
}

Gpu::Gpu(const ReadyDriver& ready, int index, const GpuFacts& facts)
    : driver(ready.calls), index(index), driverVersion(ready.version), facts(facts), cu(ready.calls, index) {
  cu(driver.cuDeviceGet(&ordinal_, index), "cuDeviceGet");
  cu(driver.cuDevicePrimaryCtxRetain(&context_, ordinal_), "cuDevicePrimaryCtxRetain");
  try {
    inContext([&] {
      kernels_ = std::make_unique<Kernels>(driver, cu);
      memory_ = std::make_unique<MemoryPool>(driver, cu);
    });
  } catch (...) {
    quietly([&] { kernels_.reset(); });
    cu.quietly(driver.cuDevicePrimaryCtxRelease(ordinal_), "cuDevicePrimaryCtxRelease");
    throw;
  }
}

Gpu::~Gpu() {
  quietly([&] {
    memory_.reset();
    for (const Event event : events_) cu.quietly(driver.cuEventDestroy_v2(event), "cuEventDestroy");
    kernels_.reset();
  });
  if (!cu.lost()) cu.quietly(driver.cuDevicePrimaryCtxRelease(ordinal_), "cuDevicePrimaryCtxRelease");
}

Event Gpu::takeEvent() {
  {
    std::lock_guard lock(eventMutex_);
    if (!events_.empty()) {
      const Event event = events_.back();
      events_.pop_back();
      return event;
    }
  }
  Event event = nullptr;
  cu(driver.cuEventCreate(&event, eventDisableTiming), "cuEventCreate");
  return event;
}

void Gpu::giveBackEvent(Event event) noexcept {
  std::lock_guard lock(eventMutex_);
  events_.push_back(event);
}

}  // namespace framepath::cuda
