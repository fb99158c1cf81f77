// Makes a ModelSpec of the facts of a file and what the caller states. No runtime needed: plain data in, plain data
// out.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "infer/graph_info.h"
#include "infer/model.h"

namespace framepath::infer {

// Stated values win, then "framepath.*" metadata, then metadata of known exporters, then names and shapes. `spec.name`,
// `.file` and `.sha256` are left to the caller. Throws MODEL_SPEC_NEEDED (everything that is missing, at once),
// MODEL_UNSUPPORTED, INVALID_ARGUMENT.
ModelSpec inferSpec(const GraphInfo& graph, const StatedSpec& stated, const std::string& name);

// The part of it that does not depend on the head: layout, channels, fixed batch, and the size where the file or the
// caller fixes it (else 0; also where the layout is not known).
ModelSpec inferInput(const GraphInfo& graph, const StatedSpec& stated, const std::string& name);

// The values of a StatedSpec that "framepath.*" and exporter metadata give; `stated` values are kept.
StatedSpec withMetadata(const GraphInfo& graph, StatedSpec stated, const std::string& name);

// The names in "a, b, c".
std::vector<std::string> namesIn(const std::string& text);

// The head its outputs show, given the input's size where it is known; empty = they show none.
std::optional<HeadKind> headFromOutputs(const GraphInfo& graph, int32_t width, int32_t height);

// Cells of a detection grid over strides 8, 16, 32 (and 64 with `four`).
int64_t gridCells(int32_t width, int32_t height, bool four);

}  // namespace framepath::infer
