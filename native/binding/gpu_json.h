// Readings of GPUs as the structs that cross.
#pragma once
#include <string>
#include <variant>

#include "generated/write_results.h"
#include "telemetry/gpu_sampler.h"

namespace framepath::binding {

schema::GpuReport toSchema(const telemetry::GpuSummary& summary);

// All that NVML sees, or why it sees none. `cudaBusId`: where cuda:0 is; empty: nowhere.
std::variant<schema::GpusFound, schema::GpusUnread> gpusFound(const std::string& cudaBusId);

}  // namespace framepath::binding
