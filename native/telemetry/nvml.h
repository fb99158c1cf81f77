// NVIDIA's management library, libnvidia-ml.so.1, opened at run time. The declarations are our own, of the library's
// stable interface (NVML API Reference Manual); versioned names are the newest that every driver since 450 has.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace framepath::telemetry::nvml {

using Device = struct DeviceHandle*;
using Status = int32_t;

inline constexpr Status kSuccess = 0, kNotSupported = 3;
inline constexpr const char* kLibrary = "libnvidia-ml.so.1";

struct Utilization {
  unsigned gpu, memory;  // percent of the last sampling period in which a kernel ran, memory was read or written
};
struct Memory {
  unsigned long long total, free, used;  // bytes
};
struct PciInfo {
  char busIdLegacy[16];
  unsigned domain, bus, device, deviceId, subsystemId;
  char busId[32];  // 00000000:65:00.0
};

#define FRAMEPATH_NVML_REQUIRED(X)                                   \
  X(nvmlInit_v2, ())                                                 \
  X(nvmlShutdown, ())                                                \
  X(nvmlDeviceGetCount_v2, (unsigned* count))                        \
  X(nvmlDeviceGetHandleByIndex_v2, (unsigned index, Device* device)) \
  X(nvmlDeviceGetHandleByPciBusId_v2, (const char* busId, Device* device))

#define FRAMEPATH_NVML_OPTIONAL(X)                                                                   \
  X(nvmlSystemGetDriverVersion, (char* text, unsigned length))                                       \
  X(nvmlDeviceGetName, (Device device, char* text, unsigned length))                                 \
  X(nvmlDeviceGetUUID, (Device device, char* text, unsigned length))                                 \
  X(nvmlDeviceGetPciInfo_v3, (Device device, PciInfo * info))                                        \
  X(nvmlDeviceGetMigMode, (Device device, unsigned* current, unsigned* pending))                     \
  X(nvmlDeviceGetUtilizationRates, (Device device, Utilization * rates))                             \
  X(nvmlDeviceGetEncoderUtilization, (Device device, unsigned* percent, unsigned* samplingPeriodUs)) \
  X(nvmlDeviceGetDecoderUtilization, (Device device, unsigned* percent, unsigned* samplingPeriodUs)) \
  X(nvmlDeviceGetMemoryInfo, (Device device, Memory * memory))                                       \
  X(nvmlDeviceGetTemperature, (Device device, int32_t sensor, unsigned* celsius))                    \
  X(nvmlDeviceGetPowerUsage, (Device device, unsigned* milliwatts))

// The library, initialised for as long as this lives. Thread-safe.
class Nvml {
 public:
  // Throws DEVICE_UNAVAILABLE: not there, not what we know, or the driver refuses.
  static std::shared_ptr<Nvml> open(const char* library = kLibrary);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  std::string errorText(Status status) const;

  // The calls; null: an optional one that this driver has not.
#define FRAMEPATH_NVML_MEMBER(name, parameters) Status(*name) parameters = nullptr;
  FRAMEPATH_NVML_REQUIRED(FRAMEPATH_NVML_MEMBER)
  FRAMEPATH_NVML_OPTIONAL(FRAMEPATH_NVML_MEMBER)
#undef FRAMEPATH_NVML_MEMBER

 private:
  explicit Nvml(void* handle) : handle_(handle) {}
  template <typename Function>
  bool find(Function& function, const char* name);

  void* const handle_;
  const char* (*nvmlErrorString)(Status status) = nullptr;
  bool initialised_ = false;
};

}  // namespace framepath::telemetry::nvml
