// The modules that come with framepath, as nodes of the graph.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "device/device.h"
#include "graph/pipeline_spec.h"
#include "infer/model.h"
#include "track/identity.h"

namespace framepath::graph {

// What a stateful module must know about a source when its first task comes.
struct SourceFacts {
  double fps = 30;
};
using FactsOf = std::function<SourceFacts(int32_t source)>;

ModuleNode detectNode(const ModuleSpec& spec, std::shared_ptr<infer::Model> model);
ModuleNode classifyNode(const ModuleSpec& spec, std::shared_ptr<infer::Model> model);
ModuleNode rawNode(const ModuleSpec& spec, std::shared_ptr<infer::Model> model);
ModuleNode trackNode(const ModuleSpec& spec, int32_t detections, FactsOf facts);

// identify = NAME.select > NAME.embed > NAME. `tracks` and `detections` are module numbers, the node of the first of the
// three gets number `first`. Without a model (reid off) the embedding step is left out.
std::vector<ModuleNode> identifyNodes(const ModuleSpec& spec, const std::string& detectionsName, int32_t tracks,
                                      int32_t detections, int32_t first, std::shared_ptr<infer::Model> model,
                                      std::shared_ptr<track::Identities> identities, FactsOf facts);

}  // namespace framepath::graph
