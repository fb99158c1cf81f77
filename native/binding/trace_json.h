// A trace in the Trace Event Format (JSON), which ui.perfetto.dev and chrome://tracing open.
#pragma once
#include <functional>
#include <string>

#include "generated/specs.h"
#include "graph/trace.h"

namespace framepath::binding {

// One row a lane and worker, one a host (of a process, below that process); one of what waits for each lane; arrows
// follow each frame. Times start at `originNs`. `sourceId` names a source by its number.
std::string traceEvents(const graph::Trace& trace, int64_t originNs,
                        const std::function<std::string(int32_t)>& sourceId);

// What a host did for a module; times by nowNs().
graph::Span spanOf(const schema::HostSpan& from);

}  // namespace framepath::binding
