#include "graph/module_builder.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "graph/window.h"

namespace framepath::graph {
namespace {

constexpr int32_t kCropsAtOnce = 4;  // of an embedder on the CPU
constexpr int32_t kPrefetch = 8;     // of a JS module: one wake-up serves several tasks

}  // namespace

ModuleBuilder::ModuleBuilder(PipelineSpec& spec, std::shared_ptr<Device> device, Recoveries& recoveries, FactsOf facts,
                             std::shared_ptr<Interrupt> interrupt, const ExternalModules& externals)
    : spec_(spec),
      device_(std::move(device)),
      recoveries_(recoveries),
      facts_(std::move(facts)),
      interrupt_(std::move(interrupt)),
      externals_(externals) {}

const Decisions& ModuleBuilder::decide() {
  decisions_ = graph::decide(spec_, *device_, models_);
  for (size_t m = 0; m < spec_.modules.size(); m++) {
    ModuleSpec& spec = spec_.modules[m];
    const ModuleDecisions& decided = decisions_->modules[m];
    if (decided.alone || spec.workers <= 0) spec.workers = decided.policy.workers;
    if (decided.alone || spec.policy.maxBatch <= 0) spec.policy.maxBatch = decided.policy.maxBatch;
  }
  return *decisions_;
}

BuiltModules ModuleBuilder::build() {
  connect();
  return std::move(built_);
}

void ModuleBuilder::loadModels(const std::function<void()>& checkOpen) {
  for (ModuleSpec& spec : spec_.modules) {
    const bool needed = usesModel(spec);
    if (needed && !runtime_) runtime_ = infer::openRuntime(spec_.runtimeLibraries);
    models_.push_back(needed ? loadModel(spec) : nullptr);
    built_.labels.push_back(needed ? models_.back()->spec().labels : std::vector<std::string>{});
    checkOpen();
    if (!needed) continue;
    const infer::Model& model = *models_.back();
    built_.models.push_back({model.spec(), model.provider(), model.refusedProviders(), model.batch()});
  }
}

std::shared_ptr<infer::Model> ModuleBuilder::loadModel(ModuleSpec& spec) {
  infer::ModelOptions options = spec.model;
  options.providers = spec_.providers;
  options.interrupt = interrupt_;
  const bool ofBoxes = spec.kind == ModuleSpec::Kind::classify && !spec.of.empty();
  const bool manyCrops = spec.kind == ModuleSpec::Kind::identify || ofBoxes;  // one frame may have many
  options.cpuBatch = manyCrops ? kCropsAtOnce : 1;
  options.maxBatch = spec.policy.maxBatch > 0 ? std::max(spec.policy.maxBatch, options.cpuBatch) : 0;
  options.recovered = recoveries_.of(spec.name);
  try {
    std::shared_ptr<infer::Model> model = infer::loadModel(runtime_, device_, options);
    reportRefused(spec, *model);
    return model;
  } catch (Error& e) {
    if (e.module.empty()) e.module = spec.name;
    throw;
  }
}

// A model on the CPU for frames on a GPU, or a provider requested by name that does not work: recoveries.
void ModuleBuilder::reportRefused(const ModuleSpec& spec, const infer::Model& model) {
  if (model.refusedProviders().empty()) return;
  const bool downloads = device_->id().kind == DeviceKind::cuda && model.provider() == "cpu";
  for (const infer::RefusedProvider& refused : model.refusedProviders())
    if (downloads || !spec_.providers.order.empty())
      recoveries_.add({spec.name,
                       "provider " + refused.provider + " cannot run the model, " + model.provider() + " does",
                       refused.reason});
}

IdentityState ModuleBuilder::openIdentities(ModuleSpec& spec, const infer::Model* model) {
  track::IdentityOptions& identity = spec.identity;
  if (model) {
    const infer::ModelSpec& known = model->spec();  // what the caller stated is in it
    if (!known.metric.empty()) identity.metric = known.metric;
    if (known.threshold > 0) identity.threshold = known.threshold;
  }
  IdentityState state;
  track::RowOptions rows{spec_.rows && !built_.people.state.identities, spec_.rowsFolder,
                         [&recoveries = recoveries_, name = spec.name](const Error& error) {
                           recoveries.add({name, kRowsLost, error.sentence});
                         }};
  state.identities = track::makeIdentities(identity, rows);
  if (!spec.bank.empty()) {
    std::ifstream file(spec.bank, std::ios::binary);
    try {
      if (!file)
        throw Error(ErrorCode::INVALID_ARGUMENT, "The identity bank " + spec.bank + " cannot be read.",
                    "Give a file written by run.bank().");
      state.identities->load({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
    } catch (Error& e) {
      e.module = spec.name;
      throw;
    }
  }
  return state;
}

// Of the modules built so far; -1: none has this name.
int32_t ModuleBuilder::positionOf(const std::string& name) const {
  for (size_t m = 0; m < built_.observationOf.size(); m++)
    if (spec_.modules[m].name == name) return static_cast<int32_t>(m);
  return -1;
}

// A user's closure may keep state: unless `stateless` is set, each source in order, one frame at a time.
ModuleNode ModuleBuilder::externalNode(const ModuleSpec& spec, int32_t module) {
  ModuleNode node;
  node.name = spec.name;
  node.depends = spec.depends;
  node.policy = spec.policy;
  const bool windows = spec.input && !spec.input->of.empty();
  const schema::LaneOpen& lane = decisions_->modules[static_cast<size_t>(module)].lane;
  node.stateful = lane.stateful;
  if (!node.stateful) node.workers = std::max(1, spec.workers);
  // The time of an answer counts from its request.
  if (node.policy.timeoutMs <= 0) node.prefetch = kPrefetch;
  node.pixels = lane.pixels;
  node.acceptsNothing = true;  // sees undefined where a dependency has nothing
  CropSource crops;
  if (const std::string boxes = !spec.input ? "" : windows ? spec.input->of : spec.input->crop; !boxes.empty()) {
    int32_t at = positionOf(boxes);
    if (at < 0) {
      Error error(ErrorCode::GRAPH_INVALID,
                  "Module \"" + spec.name + "\" crops boxes of \"" + boxes + "\", which is not used before it.");
      error.module = spec.name;
      throw error;
    }
    crops.boxes = built_.observationOf[at];
    while (at >= 0 && spec_.modules[at].kind != ModuleSpec::Kind::detect) at = positionOf(spec_.modules[at].of);
    if (at >= 0) crops.detections = built_.observationOf[at];
  }
  if (spec.input && !spec_.shared) spec_.shared = SharedMemory::open();
  const size_t framesInFlight = std::max<size_t>(1, spec_.sources.size()) * static_cast<size_t>(spec_.inFlight);
  const size_t most = spec.input ? mostInputBytes(*spec.input, spec.name, framesInFlight) : 0;
  node.openWorker = [device = device_, shared = spec_.shared, external = externals_.at(module), input = spec.input,
                     crops, windows, most, slots = deviceSlotsFor(spec)] {
    if (!input) return external->openWorker(nullptr);
    auto reader = std::make_unique<InputReader>(device, shared, *input, crops, slots, most);
    if (!windows) return external->openWorker(std::move(reader));
    return external->openWorker(std::make_unique<WindowReader>(std::move(reader), *input, crops.boxes));
  };
  return node;
}

// Null: the module's pixels come to the host. Other processes may map what lies there until spec_.shared is released.
std::shared_ptr<DeviceSlots> ModuleBuilder::deviceSlotsFor(const ModuleSpec& spec) {
  if (!spec.input || !spec.input->onDevice || device_->id().kind == DeviceKind::cpu) return nullptr;
  std::shared_ptr<DeviceSlots> slots = deviceSlots_.lock();
  if (!slots) {
    slots = DeviceSlots::open(device_);
    spec_.shared->keep(slots);
    deviceSlots_ = slots;
  }
  if (!spec.input->exported) return slots;
  try {
    slots->handle(*slots->lease(1));
    return slots;
  } catch (const Error& error) {
    if (error.code != ErrorCode::DEVICE_UNAVAILABLE) throw;
    recoveries_.add({spec.name, kPixelsOnHost, error.sentence});
    return nullptr;
  }
}

void ModuleBuilder::connect() {
  std::vector<ModuleNode>& nodes = built_.nodes;
  const auto numberOf = [&](const std::string& name, const std::string& user) {
    if (const int32_t at = positionOf(name); at >= 0) return built_.observationOf[at];
    Error error(ErrorCode::GRAPH_INVALID,
                "Module \"" + user + "\" depends on \"" + name + "\", which is not used before it.",
                "Add .use(...) for \"" + name + "\" before \"" + user + "\".");
    error.module = user;
    throw error;
  };
  for (size_t m = 0; m < spec_.modules.size(); m++) {
    ModuleSpec& spec = spec_.modules[m];
    const auto first = static_cast<int32_t>(nodes.size());
    if (spec.kind != ModuleSpec::Kind::js && spec.policy.timeoutMs > 0) {
      Error error(ErrorCode::GRAPH_INVALID,
                  "Module \"" + spec.name + "\" has a timeoutMs, but only JS modules can time out.",
                  "Remove timeoutMs.");
      error.module = spec.name;
      throw error;
    }
    switch (spec.kind) {
      case ModuleSpec::Kind::detect: nodes.push_back(detectNode(spec, models_[m])); break;
      case ModuleSpec::Kind::classify: {
        if (spec.of.empty()) {
          nodes.push_back(classifyNode(spec, models_[m]));
          break;
        }
        const int32_t boxes = numberOf(spec.of, spec.name);
        const bool stateful = decisions_->modules[m].lane.stateful;
        for (ModuleNode& node : classifyBoxesNodes(spec, stateful, boxes, first, models_[m]))
          nodes.push_back(std::move(node));
        break;
      }
      case ModuleSpec::Kind::raw: nodes.push_back(rawNode(spec, models_[m])); break;
      case ModuleSpec::Kind::track: nodes.push_back(trackNode(spec, numberOf(spec.of, spec.name), facts_)); break;
      case ModuleSpec::Kind::identify: {
        const int32_t tracks = numberOf(spec.of, spec.name);
        const ModuleSpec& tracker = spec_.modules[positionOf(spec.of)];
        if (tracker.kind != ModuleSpec::Kind::track) {
          Error error(ErrorCode::GRAPH_INVALID,
                      "identify(\"" + spec.name + "\") needs tracks, but \"" + spec.of + "\" is not a tracker.",
                      "Use identify('" + spec.name + "', { of: <a track module> }).");
          error.module = spec.name;
          throw error;
        }
        IdentityState identity = openIdentities(spec, models_[m].get());
        if (!built_.people.state.identities) {
          built_.people.state = identity;
          built_.people.identify = spec;
        }
        const std::string detections = tracker.of;
        for (ModuleNode& node : identifyNodes(spec, detections, tracks, numberOf(detections, spec.name), first,
                                              models_[m], identity, facts_))
          nodes.push_back(std::move(node));
        if (spec_.snapshots && !built_.people.shots) {
          built_.people.shots = std::make_shared<Shots>(device_);
          built_.observationOf.push_back(static_cast<int32_t>(nodes.size()) - 1);
          nodes.push_back(Shots::node(built_.people.shots, spec.of, tracks));
          continue;
        }
        break;
      }
      case ModuleSpec::Kind::js: nodes.push_back(externalNode(spec, static_cast<int32_t>(m))); break;
    }
    built_.observationOf.push_back(static_cast<int32_t>(nodes.size()) - 1);
  }
  if ((spec_.rows || spec_.snapshots) && !built_.people.state.identities) recordTracks();
}

// Files of tracks in a run without identify: a gallery without embeddings records each track as a person of
// its own. Its observation is not delivered.
void ModuleBuilder::recordTracks() {
  std::vector<ModuleNode>& nodes = built_.nodes;
  const auto tracker = std::find_if(spec_.modules.begin(), spec_.modules.end(),
                                    [](const ModuleSpec& module) { return module.kind == ModuleSpec::Kind::track; });
  if (tracker == spec_.modules.end()) return;  // refused before: see src/plan.ts
  ModuleSpec recorder;
  recorder.name = tracker->name + ".recorded";
  recorder.of = tracker->name;
  recorder.identity.mode = track::ReidMode::off;
  built_.people.state = openIdentities(recorder, nullptr);
  const int32_t tracks = built_.observationOf[positionOf(tracker->name)];
  for (ModuleNode& node : identifyNodes(recorder, tracker->of, tracks, built_.observationOf[positionOf(tracker->of)],
                                        static_cast<int32_t>(nodes.size()), nullptr, built_.people.state, facts_)) {
    node.internal = node.sink = true;
    nodes.push_back(std::move(node));
  }
  if (!spec_.snapshots) return;
  built_.people.shots = std::make_shared<Shots>(device_);
  nodes.push_back(Shots::node(built_.people.shots, tracker->name, tracks));
}

}  // namespace framepath::graph
