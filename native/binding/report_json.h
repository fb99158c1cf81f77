// Reports, progress, timelines and probes as the JSON of the CLI's interface.
#pragma once
#include <nlohmann/json.hpp>

#include "device/probe.h"
#include "graph/pipeline.h"

namespace framepath::binding {

nlohmann::json toJson(const media::SourceInfo& info);
nlohmann::json toJson(const graph::Report& report);
nlohmann::json toJson(const graph::Progress& progress);
nlohmann::json toJson(const graph::Recovery& recovery);
// A sampled frame (PipelineHooks::sampled), as FrameTimes in src/run/frame-times.ts; times by nowNs(), in ms.
nlohmann::json toJson(const graph::Task& task, const graph::Pipeline& pipeline);
nlohmann::json toJson(const infer::ModelSpec& spec);
nlohmann::json toJson(const std::vector<infer::ProviderFall>& falls);
nlohmann::json toJson(const DeviceProbe& probe);
// These relink: not on the JS thread.
nlohmann::json timelineJson(graph::Pipeline& pipeline);
nlohmann::json relinkJson(graph::Pipeline& pipeline);

}  // namespace framepath::binding
