// The operating system's figures about this process.
#pragma once
#include <cstdint>

namespace framepath::telemetry {

int64_t peakRssBytes();

}  // namespace framepath::telemetry
