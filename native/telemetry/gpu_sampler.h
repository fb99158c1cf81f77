// Readings of a GPU once a second, on a thread of its own, and what they come to.
#pragma once
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "telemetry/gpu.h"

namespace framepath::telemetry {

// Of one metric. (In GpuSummary itself clang does not know yet that an optional of it can be made.)
struct GpuRange {
  double mean = 0, max = 0, last = 0;
};

struct GpuSummary {
  GpuFacts facts;
  std::string error;  // why there is no reading at all; empty when there may be
  int64_t samples = 0;
  std::array<std::optional<GpuRange>, kGpuMetrics> metrics;
  std::array<std::string, kGpuMetrics> reasons;  // of metrics that never came
  double encoderPeriodMs = 0, decoderPeriodMs = 0;
};

// Never throws for what NVML reports or lacks: that is in the summary. Thread-safe.
class GpuSampler {
 public:
  explicit GpuSampler(std::string pciBusId, std::chrono::milliseconds interval = std::chrono::seconds(1),
                      const char* library = nvml::kLibrary);
  ~GpuSampler();
  GpuSampler(const GpuSampler&) = delete;
  GpuSampler& operator=(const GpuSampler&) = delete;

  // Takes a last sample and ends the thread. Idempotent.
  void stop();
  GpuSummary summary() const;

 private:
  void sample();
  void add(const GpuReading& reading);

  const std::string pciBusId_;
  const std::chrono::milliseconds interval_;
  const char* const library_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  GpuSummary summary_;
  std::array<int64_t, kGpuMetrics> counts_{};
  std::thread thread_;
};

}  // namespace framepath::telemetry
