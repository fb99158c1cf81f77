#include "device/device.h"

#include "core/error.h"
#include "device/backends.h"

namespace framepath {

std::shared_ptr<Device> openDevice(const std::string& name) {
  if (name == "auto" || name == "cpu") return openCpuDevice();
  if (name == "cuda" || name.rfind("cuda:", 0) == 0)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE, "This build has no CUDA backend, so \"" + name + "\" cannot be opened.",
                "Use device \"cpu\" or \"auto\".");
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "Expected \"auto\", \"cpu\" or \"cuda:N\" for device but received \"" + name + "\".");
}

}  // namespace framepath
