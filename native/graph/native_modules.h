// The modules that come with framepath, as nodes of the graph.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
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
// classify with `of` = NAME.choose > NAME.score > NAME: a row of classes for every box of another module. `boxes` is
// that module's number, the node of the first of the three gets number `first`. Stateful: what a track was before
// counts, and what is carried on.
std::vector<ModuleNode> classifyBoxesNodes(const ModuleSpec& spec, bool stateful, int32_t boxes, int32_t first,
                                           std::shared_ptr<infer::Model> model);
ModuleNode rawNode(const ModuleSpec& spec, std::shared_ptr<infer::Model> model);
ModuleNode trackNode(const ModuleSpec& spec, int32_t detections, FactsOf facts);

// What appearance cost and changed, over all sources.
class ReidTotals {
 public:
  void set(int32_t source, const track::GalleryCounts& counts) {
    std::lock_guard lock(mutex_);
    sources_[source] = counts;
  }
  track::GalleryCounts sum() const {
    std::lock_guard lock(mutex_);
    track::GalleryCounts sum;
    for (const auto& [source, counts] : sources_) {
      sum.detections += counts.detections;
      sum.extracted += counts.extracted;
      sum.changed += counts.changed;
      sum.thinned += counts.thinned;
      sum.forgotten += counts.forgotten;
    }
    return sum;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int32_t, track::GalleryCounts> sources_;
};

// What the identify module of a run shares with those who ask for its results.
struct IdentityState {
  std::shared_ptr<track::Identities> identities;
  std::shared_ptr<ReidTotals> totals = std::make_shared<ReidTotals>();
};

// identify = NAME.select > NAME.embed > NAME. `tracks` and `detections` are module numbers, the node of the first of
// the three gets number `first`. Without a model (reid off) the embedding step is left out.
std::vector<ModuleNode> identifyNodes(const ModuleSpec& spec, const std::string& detectionsName, int32_t tracks,
                                      int32_t detections, int32_t first, std::shared_ptr<infer::Model> model,
                                      IdentityState state, FactsOf facts);

}  // namespace framepath::graph
