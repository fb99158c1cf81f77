// The device that tests run on: FRAMEPATH_TEST_DEVICE, else the CPU. Never closed: no call of a driver at exit.
#pragma once
#include <cstdlib>
#include <memory>

#include "device/device.h"

inline std::shared_ptr<framepath::Device> testDevice() {
  static const auto* device = [] {
    const char* name = std::getenv("FRAMEPATH_TEST_DEVICE");
    return new std::shared_ptr<framepath::Device>(framepath::openDevice(name && *name ? name : "cpu"));
  }();
  return *device;
}
