// The modules of a run as nodes of its graph: loads their models, opens what they share.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/interrupt.h"
#include "graph/decisions.h"
#include "graph/external.h"
#include "graph/native_modules.h"
#include "graph/pipeline_spec.h"
#include "graph/recoveries.h"
#include "graph/run_results.h"
#include "infer/runtime.h"

namespace framepath::graph {

using ExternalModules = std::map<int32_t, std::shared_ptr<ExternalModule>>;  // by position in the spec

struct BuiltModules {
  std::vector<ModuleNode> nodes;
  // By position of the module in the spec:
  std::vector<int32_t> observationOf;            // its position in Task::observations
  std::vector<std::vector<std::string>> labels;  // of its model
  std::vector<ModelReport> models;
  FoundPeople people;
};

// Of one thread, for one run.
class ModuleBuilder {
 public:
  // What `spec` leaves open of modules is filled in by decide().
  ModuleBuilder(PipelineSpec& spec, std::shared_ptr<Device> device, Recoveries& recoveries, FactsOf facts,
                std::shared_ptr<Interrupt> interrupt, const ExternalModules& externals);
  // Once, first; needs no facts of sources. `checkOpen` is called between models, and throws when the run is to be
  // closed. Throws what models throw.
  void loadModels(const std::function<void()>& checkOpen);
  // Once, after loadModels(): what the run decides by itself. Throws GRAPH_INVALID.
  const Decisions& decide();
  // Once, after decide(). Throws GRAPH_INVALID.
  BuiltModules build();

 private:
  std::shared_ptr<infer::Model> loadModel(ModuleSpec& spec);
  void reportRefused(const ModuleSpec& spec, const infer::Model& model);
  void connect();
  void recordTracks();
  ModuleNode externalNode(const ModuleSpec& spec, int32_t module);
  std::shared_ptr<DeviceSlots> deviceSlotsFor(const ModuleSpec& spec);
  IdentityState openIdentities(ModuleSpec& spec, const infer::Model* model);
  int32_t positionOf(const std::string& name) const;

  PipelineSpec& spec_;
  const std::shared_ptr<Device> device_;
  Recoveries& recoveries_;
  const FactsOf facts_;
  const std::shared_ptr<Interrupt> interrupt_;
  const ExternalModules& externals_;
  std::shared_ptr<infer::Runtime> runtime_;
  std::vector<std::shared_ptr<infer::Model>> models_;  // by position in the spec, null where there is none
  std::weak_ptr<DeviceSlots> deviceSlots_;             // spec_.shared keeps it
  std::optional<Decisions> decisions_;
  BuiltModules built_;
};

}  // namespace framepath::graph
