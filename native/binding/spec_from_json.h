// Options cross as JSON, written by our own TypeScript; here they become plain structs, once.
#pragma once
#include "binding/json.h"
#include "graph/pipeline_spec.h"
#include "graph/trace.h"

namespace framepath::binding {

media::Limits limitsFrom(const Json& json);
media::SkipLoopFilter skipLoopFilterFrom(const Json& json);
graph::SourceSpec sourceFrom(const Json& json);
// What a host did for a module: {module, source, seq, host, pid, startMs, endMs}, times by nowNs().
graph::Span spanFrom(const Json& json);
infer::ModelOptions modelFrom(const Json& json);
infer::ProviderChoice providersFrom(const Json& json);
track::TrackerOptions trackerFrom(const Json& json);
graph::PipelineSpec pipelineFrom(const Json& json);
PixelFormat pixelFormatOf(PixelFormatName name);
PixelFormat pixelFormatOf(InputFormat name);

// Parses what TypeScript sent; throws INVALID_ARGUMENT.
Json parseJson(const std::string& text);

}  // namespace framepath::binding
