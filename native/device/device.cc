#include "device/device.h"

#include <charconv>

#include "core/error.h"
#include "device/backends.h"

namespace framepath {
namespace {

// The best that works. What is wrong with a GPU that is present is kept; no GPU is no fault.
std::shared_ptr<Device> openBest(const DeviceOptions& options) {
  try {
    return openCudaDevice(0, options);
  } catch (const Error& error) {
    return openCpuDevice(gpuPresent() ? error.sentence : "");
  }
}

}  // namespace

ExportHandle Device::exportHandle(const Memory&) const {
  throw Error(ErrorCode::DEVICE_UNAVAILABLE, "Memory of " + id().name() + " has no handle for other processes.");
}

std::shared_ptr<Device> openDevice(const std::string& name, const DeviceOptions& options) {
  if (name == "cpu") return openCpuDevice();
  if (name == "auto") return openBest(options);
  constexpr std::string_view kCuda = "cuda:";
  if (name.rfind(kCuda, 0) == 0) {
    int32_t index = -1;
    const auto [end, wrong] = std::from_chars(name.data() + kCuda.size(), name.data() + name.size(), index);
    if (wrong == std::errc{} && end == name.data() + name.size() && index >= 0) return openCudaDevice(index, options);
  }
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "Expected \"auto\", \"cpu\" or \"cuda:N\" for device but received \"" + name + "\".");
}

}  // namespace framepath
