// What crosses from TypeScript (schema/) as the engine's own structs, once. All throw INVALID_ARGUMENT.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "generated/specs.h"
#include "graph/pipeline_spec.h"

namespace framepath::binding {

using Json = nlohmann::json;

compose::LayoutSpec layoutFrom(const Json& json);
media::Limits limitsFrom(const schema::LimitsSpec& limits);
graph::SourceSpec sourceFrom(const Json& json);
infer::ModelOptions modelFrom(const schema::ModelFileSpec& file);
infer::ProviderChoice providersFrom(const std::optional<schema::ProviderSpec>& providers);
track::TrackerOptions trackerFrom(const Json& json);
// A run as it was asked for; what is open in it, the engine decides.
schema::PipelineSpec planFrom(const Json& json);
graph::PipelineSpec pipelineOf(const schema::PipelineSpec& plan);
graph::PipelineSpec pipelineFrom(const Json& json);
PixelFormat pixelFormatOf(PixelFormatName name);
PixelFormat pixelFormatOf(InputFormat name);

}  // namespace framepath::binding
