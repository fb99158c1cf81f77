// What each backend offers to openDevice.
#pragma once
#include <memory>
#include <string>

#include "device/device.h"

namespace framepath {

// `fallbackReason`: see Device.
std::shared_ptr<Device> openCpuDevice(std::string fallbackReason = {});
std::shared_ptr<Device> openCudaDevice(int32_t index, const DeviceOptions& options);
bool gpuPresent();  // whether there is a driver that sees one, usable or not

}  // namespace framepath
