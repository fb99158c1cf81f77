// Readings of a GPU by NVML.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "generated/telemetry_enums.h"
#include "telemetry/nvml.h"

namespace framepath::telemetry {

inline constexpr size_t kGpuMetrics = kValuesOf<GpuMetric>;

// What does not change; empty and 0 where NVML does not report it.
struct GpuFacts {
  std::string name, uuid, driver;
  std::string pciBusId;  // 0000:65:00.0, as CUDA writes it
  bool mig = false;      // divided into instances
  int64_t memoryTotalBytes = 0;
};

// A value, or why there is none.
struct GpuReading {
  std::array<std::optional<double>, kGpuMetrics> values;
  std::array<std::string, kGpuMetrics> reasons;
  double encoderPeriodMs = 0, decoderPeriodMs = 0;  // 0 = not reported
};

struct GpuList;

class Gpu {
 public:
  // The GPU in that slot: NVML counts all of the machine's, CUDA those that CUDA_VISIBLE_DEVICES leaves, each in its
  // own order, so an index means nothing. Throws DEVICE_UNAVAILABLE.
  static Gpu at(const std::string& pciBusId, const char* library = nvml::kLibrary);
  // All that NVML sees. Throws DEVICE_UNAVAILABLE.
  static GpuList all(const char* library = nvml::kLibrary);

  const GpuFacts& facts() const { return facts_; }
  GpuReading read() const;

 private:
  Gpu(std::shared_ptr<nvml::Nvml> nvml, nvml::Device device);

  std::shared_ptr<nvml::Nvml> nvml_;
  nvml::Device device_;
  GpuFacts facts_;
};

struct GpuList {
  std::vector<Gpu> gpus;
  std::vector<std::string> unreadable;  // those that are lost, or not ours to see
};

}  // namespace framepath::telemetry
