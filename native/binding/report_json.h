// Reports, progress, timelines and probes as the JSON of the CLI's interface.
#pragma once
#include "binding/json.h"
#include "device/probe.h"
#include "graph/pipeline.h"

namespace framepath::binding {

Json toJson(const media::SourceInfo& info);
Json toJson(const graph::Report& report);
Json toJson(const graph::Progress& progress);
Json toJson(const graph::Recovery& recovery);
// A sampled frame (PipelineHooks::sampled), as FrameTimes in src/run/frame-times.ts; times by nowNs(), in ms.
Json toJson(const graph::Task& task, const graph::Pipeline& pipeline);
Json toJson(const infer::ModelSpec& spec);
Json toJson(const std::vector<infer::RefusedProvider>& refused);
Json toJson(const DeviceProbe& probe);
// These relink: not on the JS thread.
Json timelineJson(graph::Pipeline& pipeline);
Json relinkJson(graph::Pipeline& pipeline);

}  // namespace framepath::binding
