// What the operating system says about this process.
#pragma once
#include <cstdint>

namespace framepath::telemetry {

int64_t peakRssBytes();

}  // namespace framepath::telemetry
