// Readings of GPUs as JSON. Shapes: GpuReport of src/run/reports.ts, GpuFound of src/cli/doctor.ts.
#pragma once
#include <string>

#include "binding/json.h"
#include "telemetry/gpu_sampler.h"

namespace framepath::binding {

// {error: null, name, driver, uuid, pciBusId, mig, memoryTotalBytes, samples, sm: {mean, max} or null, ...,
// samplingMs: {encoder, decoder}, missing: {sm: reason, ...}}
Json toJson(const telemetry::GpuSummary& summary);

// {gpus: [{name, ..., sm: 40 or null, ..., missing, device: "cuda:0" or null}], unreadable: [reason]}, or {error,
// hint}. `cudaBusId`: where cuda:0 is; empty: nowhere.
Json gpusJson(const std::string& cudaBusId);

}  // namespace framepath::binding
