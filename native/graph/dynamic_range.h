// Which dynamic range the canvas of a composition has.
#pragma once
#include <vector>

#include "graph/pipeline_spec.h"
#include "graph/source_table.h"

namespace framepath::graph {

// The one that its outputs state; else that of its sources, where they all have it, and all outputs can. `shown`:
// numbers of its sources. Throws INVALID_ARGUMENT.
media::DynamicRange dynamicRangeOf(const CompositionSpec& spec, const std::vector<OpenedSource>& sources,
                                   const std::vector<int32_t>& shown);

// What the one source of a composition states about its high dynamic range; nothing where there are more.
media::HdrMetadata hdrMetadataOf(const std::vector<OpenedSource>& sources, const std::vector<int32_t>& shown,
                                 media::DynamicRange range);

}  // namespace framepath::graph
