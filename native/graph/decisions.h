// What a run decides by itself, where nobody else has, and why. start() runs with it; resolve() only asks for it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device/device.h"
#include "generated/specs.h"
#include "graph/pipeline_spec.h"
#include "infer/model.h"

namespace framepath::graph {

struct ModuleDecisions {
  bool alone = false;  // one frame at a time: there are no batches and no further workers, whatever was asked for
  schema::PolicyOpen policy;
  schema::LaneOpen lane;
  std::optional<schema::ModelFileOpen> model;    // where one is opened
  std::optional<schema::IdentifyOpen> identity;  // the same, of embeddings
};

struct Decisions {
  schema::PipelineOpen run;
  std::vector<schema::SourceOpen> sources;
  std::vector<ModuleDecisions> modules;
  std::vector<std::vector<schema::OutputOpen>> outputs;  // of each composition
};

// Of one of so many sources, which share the cores.
schema::SourceOpen decideSource(const SourceSpec& spec, int32_t sources, const Device& device);
schema::OutputOpen decideOutput(const std::string& path);
// Of an output that shows these sources: its latency, and keyframes where HLS segments begin.
void decideTiming(OutputSpec& output, bool anyLive);
// `models` by position of the module, null where none is opened. Throws GRAPH_INVALID.
Decisions decide(const PipelineSpec& spec, const Device& device,
                 const std::vector<std::shared_ptr<infer::Model>>& models);

bool usesModel(const ModuleSpec& spec);

}  // namespace framepath::graph
