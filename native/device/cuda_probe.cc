#include <functional>

#include "device/cuda_gpu.h"
#include "device/probe.h"

namespace framepath {
namespace {

using namespace cuda;

std::string gigabytes(uint64_t bytes) {
  const uint64_t tenths = (bytes + 50'000'000) / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

}  // namespace

DeviceProbe probeCuda(int32_t index) {
  DeviceProbe probe;
  const auto step = [&](const char* name, const std::function<std::string()>& take) {
    if (!probe.steps.empty() && !probe.usable()) return;
    try {
      probe.steps.push_back({name, true, take(), ""});
    } catch (const Error& error) {
      probe.steps.push_back({name, false, error.sentence, error.hint});
    }
  };
  step("driver library", [&] { return probe.library = driverLibrary().library; });
  step("driver", [&] {
    probe.driverVersion = readyDriver().version;
    return "CUDA " + versionText(probe.driverVersion);
  });
  step("device", [&] {
    const GpuFacts facts = Gpu::look(readyDriver().calls, index);
    probe.name = facts.name;
    probe.pciBusId = facts.pciBusId;
    probe.computeMajor = facts.major;
    probe.computeMinor = facts.minor;
    probe.multiprocessors = facts.multiprocessors;
    probe.totalBytes = facts.totalBytes;
    return probe.description = facts.text();
  });
  step("kernels", [&] {
    const std::shared_ptr<Gpu> gpu = Gpu::open(index);
    probe.kernels = gpu->kernels().description();
    probe.freeBytes = gpu->inContext([&] { return gpu->memory().freeBytes(); });
    return probe.kernels + "; " + gigabytes(probe.freeBytes) + " of memory free";
  });
  return probe;
}

}  // namespace framepath
