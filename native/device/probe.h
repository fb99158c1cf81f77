// What stands between this process and a GPU, step by step, for people who want to know why there is none.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace framepath {

struct ProbeStep {
  std::string name;  // "driver library", "driver", "device", "kernels"
  bool works = false;
  std::string found;  // what was found, or the cause
  std::string hint;   // what to do where it does not work
};

struct DeviceProbe {
  std::vector<ProbeStep> steps;  // up to the first that fails
  std::string library;           // path of libcuda
  int32_t driverVersion = 0;     // of CUDA that the driver supports: 12040 for 12.4
  std::string description;       // of the GPU, as from Device::description()
  std::string name, pciBusId;
  int32_t computeMajor = 0, computeMinor = 0, multiprocessors = 0;
  uint64_t totalBytes = 0, freeBytes = 0;
  std::string kernels;  // the image that loaded: "fatbin", or "PTX" with why not the fatbin
  bool usable() const { return !steps.empty() && steps.back().works; }
};

// Tries each step to cuda:`index` and opens it for a moment. Never throws for what it finds.
DeviceProbe probeCuda(int32_t index = 0);

}  // namespace framepath
