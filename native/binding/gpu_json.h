// Readings of GPUs as JSON. Shapes: GpuReport of src/run/reports.ts, GpuFound of src/cli/doctor.ts.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "telemetry/gpu_sampler.h"

namespace framepath::binding {

// {error: null, name, driver, uuid, pciBusId, mig, memoryTotalBytes, samples, sm: {mean, max} or null, ...,
// samplingMs: {encoder, decoder}, missing: {sm: reason, ...}}
nlohmann::json toJson(const telemetry::GpuSummary& summary);

// {gpus: [{name, ..., sm: 40 or null, ..., missing, device: "cuda:0" or null}], unreadable: [reason]}, or {error,
// hint}. `cudaBusId`: where cuda:0 is; empty: nowhere.
nlohmann::json gpusJson(const std::string& cudaBusId);

}  // namespace framepath::binding
