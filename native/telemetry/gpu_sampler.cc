#include "telemetry/gpu_sampler.h"

#include <algorithm>

#include "core/error.h"
#include "core/thread_name.h"

namespace framepath::telemetry {

GpuSampler::GpuSampler(std::string pciBusId, std::chrono::milliseconds interval, const char* library)
    : pciBusId_(std::move(pciBusId)), interval_(interval), library_(library), thread_([this] { sample(); }) {}

GpuSampler::~GpuSampler() {
  stop();
}

void GpuSampler::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

GpuSummary GpuSampler::summary() const {
  std::lock_guard lock(mutex_);
  return summary_;
}

void GpuSampler::sample() {
  const ThreadName named("gpu readings");
  try {
    const Gpu gpu = Gpu::at(pciBusId_, library_);
    std::unique_lock lock(mutex_);
    summary_.facts = gpu.facts();
    for (bool last = false; !last;) {
      last = stopping_;
      lock.unlock();
      const GpuReading reading = gpu.read();
      lock.lock();
      add(reading);
      if (!last) changed_.wait_for(lock, interval_, [&] { return stopping_; });
    }
  } catch (const Error& error) {
    std::lock_guard lock(mutex_);
    summary_.error = error.sentence;
  }
}

void GpuSampler::add(const GpuReading& reading) {
  summary_.samples++;
  summary_.encoderPeriodMs = reading.encoderPeriodMs;
  summary_.decoderPeriodMs = reading.decoderPeriodMs;
  for (size_t m = 0; m < kGpuMetrics; m++) {
    std::optional<GpuRange>& range = summary_.metrics[m];
    if (const std::optional<double> value = reading.values[m]) {
      if (!range) range.emplace();
      range->mean += (*value - range->mean) / static_cast<double>(++counts_[m]);
      range->max = std::max(range->max, *value);
      range->last = *value;
    }
    summary_.reasons[m] = range ? "" : reading.reasons[m];
  }
}

}  // namespace framepath::telemetry
