// The device that tests run on: FRAMEPATH_TEST_DEVICE, else the CPU.
#pragma once
#include <cstdlib>
#include <memory>

#include "device/device.h"

inline std::shared_ptr<framepath::Device> testDevice() {
  static const std::shared_ptr<framepath::Device> device = [] {
    const char* name = std::getenv("FRAMEPATH_TEST_DEVICE");
    return framepath::openDevice(name && *name ? name : "cpu");
  }();
  return device;
}
