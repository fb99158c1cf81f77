#include "telemetry/gpu.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace framepath::telemetry {
namespace {

using nvml::Status;

// NVML writes 00000000:65:00.0, CUDA 0000:65:00.0.
std::string asCuda(std::string busId) {
  if (busId.size() == 16) busId.erase(0, 4);
  std::transform(busId.begin(), busId.end(), busId.begin(), [](unsigned char c) { return std::tolower(c); });
  return busId;
}

// One text, or nothing.
template <typename Call, typename... Device>
std::string textOf(Call call, Device... device) {
  char text[96] = {};
  if (!call || call(device..., text, sizeof text) != nvml::kSuccess) return {};
  text[sizeof text - 1] = 0;
  return text;
}

}  // namespace

Gpu::Gpu(std::shared_ptr<nvml::Nvml> nvml, nvml::Device device) : nvml_(std::move(nvml)), device_(device) {
  facts_.driver = textOf(nvml_->nvmlSystemGetDriverVersion);
  facts_.name = textOf(nvml_->nvmlDeviceGetName, device_);
  facts_.uuid = textOf(nvml_->nvmlDeviceGetUUID, device_);
  nvml::PciInfo pci{};
  if (nvml_->nvmlDeviceGetPciInfo_v3 && nvml_->nvmlDeviceGetPciInfo_v3(device_, &pci) == nvml::kSuccess) {
    pci.busId[sizeof pci.busId - 1] = 0;
    facts_.pciBusId = asCuda(pci.busId);
  }
  unsigned current = 0, pending = 0;
  facts_.mig = nvml_->nvmlDeviceGetMigMode &&
               nvml_->nvmlDeviceGetMigMode(device_, &current, &pending) == nvml::kSuccess && current == 1;
  nvml::Memory memory{};
  if (nvml_->nvmlDeviceGetMemoryInfo && nvml_->nvmlDeviceGetMemoryInfo(device_, &memory) == nvml::kSuccess)
    facts_.memoryTotalBytes = static_cast<int64_t>(memory.total);
}

Gpu Gpu::at(const std::string& pciBusId, const char* library) {
  auto nvml = nvml::Nvml::open(library);
  nvml::Device device = nullptr;
  if (const Status status = nvml->nvmlDeviceGetHandleByPciBusId_v2(pciBusId.c_str(), &device); status != nvml::kSuccess)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE,
                "NVML does not give the GPU at \"" + pciBusId + "\": " + nvml->errorText(status) + ".");
  return Gpu(std::move(nvml), device);
}

GpuList Gpu::all(const char* library) {
  const auto nvml = nvml::Nvml::open(library);
  unsigned count = 0;
  if (const Status status = nvml->nvmlDeviceGetCount_v2(&count); status != nvml::kSuccess)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE, "NVML does not count its GPUs: " + nvml->errorText(status) + ".");
  GpuList list;
  for (unsigned i = 0; i < count; i++) {
    nvml::Device device = nullptr;
    if (const Status status = nvml->nvmlDeviceGetHandleByIndex_v2(i, &device); status == nvml::kSuccess)
      list.gpus.push_back(Gpu(nvml, device));
    else
      list.unreadable.push_back("NVML's GPU " + std::to_string(i) + ": " + nvml->errorText(status));
  }
  return list;
}

GpuReading Gpu::read() const {
  GpuReading reading;
  struct Answer {
    Status status;
    double value;
  };
  const auto ask = [&](GpuMetric metric, auto call, auto&& answerOf) {
    const auto at = static_cast<size_t>(metric);
    if (!call) {
      reading.reasons[at] = "this driver's NVML has no such call";
      return;
    }
    const Answer answer = answerOf(call);
    if (answer.status == nvml::kSuccess)
      reading.values[at] = answer.value;
    else
      reading.reasons[at] = nvml_->errorText(answer.status) + (facts_.mig ? "; the GPU is divided (MIG)" : "");
  };
  const auto rates = [&](auto part) {
    return [this, part](auto call) {
      nvml::Utilization percent{};
      const Status status = call(device_, &percent);
      return Answer{status, static_cast<double>(percent.*part)};
    };
  };
  const auto engine = [&](double& periodMs) {
    return [this, &periodMs](auto call) {
      unsigned percent = 0, periodUs = 0;
      const Status status = call(device_, &percent, &periodUs);
      periodMs = periodUs / 1000.0;
      return Answer{status, static_cast<double>(percent)};
    };
  };
  ask(GpuMetric::sm, nvml_->nvmlDeviceGetUtilizationRates, rates(&nvml::Utilization::gpu));
  ask(GpuMetric::memoryController, nvml_->nvmlDeviceGetUtilizationRates, rates(&nvml::Utilization::memory));
  ask(GpuMetric::encoder, nvml_->nvmlDeviceGetEncoderUtilization, engine(reading.encoderPeriodMs));
  ask(GpuMetric::decoder, nvml_->nvmlDeviceGetDecoderUtilization, engine(reading.decoderPeriodMs));
  ask(GpuMetric::memoryBytes, nvml_->nvmlDeviceGetMemoryInfo, [&](auto call) {
    nvml::Memory memory{};
    const Status status = call(device_, &memory);
    return Answer{status, static_cast<double>(memory.used)};
  });
  ask(GpuMetric::temperatureC, nvml_->nvmlDeviceGetTemperature, [&](auto call) {
    constexpr int32_t kGpuSensor = 0;
    unsigned celsius = 0;
    const Status status = call(device_, kGpuSensor, &celsius);
    return Answer{status, static_cast<double>(celsius)};
  });
  ask(GpuMetric::powerW, nvml_->nvmlDeviceGetPowerUsage, [&](auto call) {
    unsigned milliwatts = 0;
    const Status status = call(device_, &milliwatts);
    return Answer{status, milliwatts / 1000.0};
  });
  return reading;
}

}  // namespace framepath::telemetry
