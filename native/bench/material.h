// What stages are measured on, and checks of what was asked for.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bench/stages.h"
#include "core/frame.h"
#include "device/device.h"

namespace framepath::bench {

// The setting's device, once the setting itself is checked. INVALID_ARGUMENT, DEVICE_UNAVAILABLE.
std::shared_ptr<Device> deviceOf(const Setting& setting);

std::shared_ptr<infer::Model> modelOf(const Setting& setting, std::shared_ptr<Device> device,
                                      infer::ModelOptions options, int32_t maxBatch);

// Pictures of a clip, each in memory of its own: at least kColdFrames, and as many as no cache holds. A short clip is
// decoded again. Throws what opening and reading throw.
std::vector<FrameRef> coldFrames(const std::shared_ptr<Device>& device, const std::string& clip);
inline constexpr size_t kColdFrames = 24;

size_t bytesOf(const Frame& frame);

// INVALID_ARGUMENT unless from <= value <= to.
void requireWithin(const char* name, int64_t value, int64_t from, int64_t to);

// The pictures' size as a fact, e.g. 1280x720.
std::string sizeOf(const Frame& frame);

// Numbers that look random and are the same everywhere.
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed * 2654435769u + 1) {}
  uint32_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }
  // 0 <= x < 1
  double unit() { return next() / 4294967296.0; }
  double between(double from, double to) { return from + (to - from) * unit(); }

 private:
  uint32_t state_;
};

}  // namespace framepath::bench
