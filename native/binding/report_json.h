// What a run reports, as the structs that cross (jsonOf of json_writer.h writes them).
#pragma once
#include "generated/write_results.h"
#include "graph/pipeline.h"

namespace framepath::binding {

schema::Report toSchema(const graph::Report& report);
schema::Progress toSchema(const graph::Progress& progress);
schema::Recovery toSchema(const graph::Recovery& recovery);
schema::Recording toSchema(const graph::RecordingReport& recording);
// INTERNAL where there is none of that name.
infer::Provider providerNamed(const std::string& name);
std::vector<schema::ProviderFallback> toSchema(const std::vector<infer::RefusedProvider>& refused);
// A sampled frame (PipelineHooks::sampled); times by nowNs(), in ms.
schema::SampledFrame sampledFrame(const graph::Task& task, const graph::Pipeline& pipeline);
// These relink: not on the JS thread.
schema::Timeline timelineOf(graph::Pipeline& pipeline);
schema::Relink relinkOf(graph::Pipeline& pipeline);

}  // namespace framepath::binding
