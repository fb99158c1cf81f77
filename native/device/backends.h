// What each backend offers to openDevice.
#pragma once
#include <memory>

#include "device/device.h"

namespace framepath {

std::shared_ptr<Device> openCpuDevice();

}  // namespace framepath
