// Opening what the spec names: sources, models, modules as nodes of the graph.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/thread_name.h"
#include "graph/pipeline.h"
#include "graph/window.h"

namespace framepath::graph {
namespace {

constexpr int32_t kCropsAtOnce = 4;  // of an embedder on the CPU
constexpr int32_t kGpuWorkers = 2;   // of a detector: one prepares while the other's results come back
constexpr int32_t kAskedAhead = 8;   // of a JS module: nobody has to be woken for each of them

int32_t cores() {
  return std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
}

Error withSource(Error error, const std::string& id) {
  if (error.source.empty()) error.source = id;
  return error;
}

// Whether a classification of `of`'s boxes must take each source's frames in order. Throws GRAPH_INVALID where it
// cannot be had.
bool checkBoxes(const ModuleSpec& spec, const ModuleSpec& of) {
  using Kind = ModuleSpec::Kind;
  const bool tracks = of.kind == Kind::track || of.kind == Kind::identify;
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    Error error(ErrorCode::GRAPH_INVALID, "classify(\"" + spec.name + "\") " + why, hint);
    error.module = spec.name;
    throw error;
  };
  if (!tracks && of.kind != Kind::detect)
    refuse("needs boxes, but \"" + spec.of + "\" gives none.", "Use it on a detector, a tracker or identify.");
  if (!tracks && (spec.boxClasses.smooth > 0 || spec.boxClasses.every > 1))
    refuse("smooths over tracks, but \"" + spec.of + "\" is a detector.",
           "Use it on a tracker, or leave smooth and every out.");
  if (spec.policy.stride != 1 || spec.policy.onError == OnError::fallback)
    refuse("takes neither a stride nor a fallback.", "Use every, which counts for each track.");
  return tracks || of.policy.stride > 1;
}

}  // namespace

Pipeline::OpenedSource Pipeline::openOne(const SourceSpec& spec, int32_t sourceCount) {
  OpenedSource open{{spec, {}, {}}, nullptr, std::make_shared<media::TimeCuts>()};
  media::SourceInfo& info = open.file.info;
  if (spec.kind == SourceSpec::Kind::frames) {
    const auto pushed = std::make_shared<PushedSource>(
        device_, spec, [this, id = spec.id](const std::string& what, const std::string& reason) {
          recovered({id, what, reason});
        });
    info.kind = "frames";
    info.width = info.codedWidth = spec.width;
    info.height = info.codedHeight = spec.height;
    info.fps = {static_cast<int32_t>(spec.fps * 1000 + 0.5), 1000};
    open.file.pushed = pushed;
    open.frames = pushed;
    return open;
  }
  media::SourceOptions reader = spec.reader;
  if (reader.threads <= 0) reader.threads = std::max(1, cores() / std::max(1, sourceCount));
  reader.extraFrames = spec_.inFlight + 2;
  reader.stop = closing_;
  reader.cuts = open.cuts;
  reader.live = spec.live.value_or(false);
  reader.recovered = [this, id = spec.id](const std::string& what, const std::string& reason) {
    recovered({id, what, reason});
  };
  try {
    const ThreadName named("decode." + spec.id);
    auto opened = media::openSource(reader, device_);
    info = opened->info();
    open.frames = std::make_shared<ReaderSource>(std::move(opened));
  } catch (const Error& e) {
    throw withSource(e, spec.id);
  }
  open.file.spec.live = spec.live.value_or(info.live);
  open.file.spec.reader.images = {};  // a long list that nobody asks for any more
  return open;
}

std::shared_ptr<infer::Model> Pipeline::loadModel(ModuleSpec& spec) {
  infer::ModelOptions options = spec.model;
  options.providers = spec_.providers;
  options.interrupt = interrupt_;
  const bool ofBoxes = spec.kind == ModuleSpec::Kind::classify && !spec.of.empty();
  const bool manyCrops = spec.kind == ModuleSpec::Kind::identify || ofBoxes;  // one frame may have many
  options.cpuBatch = manyCrops ? kCropsAtOnce : 1;
  options.maxBatch = spec.policy.maxBatch > 0 ? std::max(spec.policy.maxBatch, options.cpuBatch) : 0;
  options.recovered = [this, name = spec.name](const std::string& what, const std::string& reason) {
    recovered({name, what, reason});
  };
  try {
    std::shared_ptr<infer::Model> model = infer::loadModel(runtime_, device_, options);
    tellFalls(spec, *model);
    return model;
  } catch (Error& e) {
    if (e.module.empty()) e.module = spec.name;
    throw;
  }
}

// Pictures of a GPU that are looked at by the CPU, or a provider that was asked for by name: not what was wanted.
void Pipeline::tellFalls(const ModuleSpec& spec, const infer::Model& model) {
  if (model.falls().empty()) return;
  const bool downloads = device_->id().kind == DeviceKind::cuda && model.provider() == "cpu";
  for (const infer::ProviderFall& fall : model.falls())
    if (downloads || !spec_.providers.order.empty())
      recovered({spec.name, "provider " + fall.provider + " cannot run the model, " + model.provider() + " does",
                 fall.reason});
}

SourceFacts Pipeline::factsOf(int32_t source) const {
  std::lock_guard lock(mutex_);
  SourceFacts facts;
  if (source < 0 || source >= static_cast<int32_t>(sources_.size())) return facts;
  const SourceFile& open = sources_[static_cast<size_t>(source)];
  const double fps = open.info.fps.value();
  if (fps > 0) facts.fps = fps / std::max(1, open.spec.reader.stride);
  if (open.spec.reader.maxFps > 0) facts.fps = std::min(facts.fps, open.spec.reader.maxFps);
  return facts;
}

IdentityState Pipeline::openIdentities(ModuleSpec& spec, const infer::Model* model) {
  track::IdentityOptions& identity = spec.identity;
  if (model) {
    const infer::ModelSpec& known = model->spec();  // what the caller stated is in it
    if (!known.metric.empty()) identity.metric = known.metric;
    if (known.threshold > 0) identity.threshold = known.threshold;
  }
  IdentityState state;
  track::RowOptions rows{spec_.rows && !identity_.identities, spec_.rowsFolder,
                         [this, name = spec.name](const Error& error) {
                           recovered({name, kRowsLost, error.sentence});
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
int32_t Pipeline::positionOf(const std::string& name) const {
  for (size_t m = 0; m < observationOf_.size(); m++)
    if (spec_.modules[m].name == name) return static_cast<int32_t>(m);
  return -1;
}

// A user's closure keeps what it likes: unless it says otherwise, each source in order, one at a time.
ModuleNode Pipeline::externalNode(const ModuleSpec& spec, int32_t module) {
  ModuleNode node;
  node.name = spec.name;
  node.depends = spec.depends;
  node.policy = spec.policy;
  const bool windows = spec.input && !spec.input->of.empty();
  node.stateful = !spec.stateless || windows;  // windows grow in order
  if (!node.stateful) node.workers = std::max(1, spec.workers);
  // The time of an answer counts from when it is asked for.
  if (node.policy.timeoutMs <= 0) node.ahead = kAskedAhead;
  node.pixels = spec.pixels || spec.input;
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
    crops.boxes = observationOf_[at];
    while (at >= 0 && spec_.modules[at].kind != ModuleSpec::Kind::detect) at = positionOf(spec_.modules[at].of);
    if (at >= 0) crops.detections = observationOf_[at];
  }
  if (spec.input && !spec_.shared) spec_.shared = SharedMemory::open();
  const size_t framesInFlight = std::max<size_t>(1, spec_.sources.size()) * static_cast<size_t>(spec_.inFlight);
  const size_t most = spec.input ? mostInputBytes(*spec.input, spec.name, framesInFlight) : 0;
  node.openWorker = [this, external = externals_.at(module), input = spec.input, crops, windows, most,
                     slots = deviceSlotsFor(spec)] {
    if (!input) return external->openWorker(nullptr);
    auto reader = std::make_unique<InputReader>(device_, spec_.shared, *input, crops, slots, most);
    if (!windows) return external->openWorker(std::move(reader));
    return external->openWorker(std::make_unique<WindowReader>(std::move(reader), *input, crops.boxes));
  };
  return node;
}

// Null: the module's pixels come to the host. Other processes may map what lies there until spec_.shared is let go.
std::shared_ptr<DeviceSlots> Pipeline::deviceSlotsFor(const ModuleSpec& spec) {
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
    recovered({spec.name, kPixelsOnHost, error.sentence});
    return nullptr;
  }
}

std::vector<ModuleNode> Pipeline::buildNodes() {
  std::vector<ModuleNode> nodes;
  const FactsOf facts = [this](int32_t source) { return factsOf(source); };
  const auto numberOf = [&](const std::string& name, const std::string& user) {
    if (const int32_t at = positionOf(name); at >= 0) return observationOf_[at];
    Error error(ErrorCode::GRAPH_INVALID,
                "Module \"" + user + "\" depends on \"" + name + "\", which is not used before it.",
                "Add .use(...) for \"" + name + "\" before \"" + user + "\".");
    error.module = user;
    throw error;
  };
  const int32_t sourceCount = std::max<int32_t>(1, static_cast<int32_t>(spec_.sources.size()));
  for (size_t m = 0; m < spec_.modules.size(); m++) {
    ModuleSpec& spec = spec_.modules[m];
    const auto first = static_cast<int32_t>(nodes.size());
    const bool onGpu = models_[m] && models_[m]->provider() != "cpu";
    if (spec.workers <= 0)
      spec.workers =
          spec.kind == ModuleSpec::Kind::detect ? std::min(std::max(2, sourceCount), onGpu ? kGpuWorkers : cores()) : 1;
    if (spec.policy.maxBatch <= 0)  // on a GPU whatever waits goes together
      spec.policy.maxBatch = onGpu ? models_[m]->batch() : 1;
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
        for (ModuleNode& node :
             classifyBoxesNodes(spec, checkBoxes(spec, spec_.modules[positionOf(spec.of)]), boxes, first, models_[m]))
          nodes.push_back(std::move(node));
        break;
      }
      case ModuleSpec::Kind::raw: nodes.push_back(rawNode(spec, models_[m])); break;
      case ModuleSpec::Kind::track: nodes.push_back(trackNode(spec, numberOf(spec.of, spec.name), facts)); break;
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
        if (!identity_.identities) {
          identity_ = identity;
          identifyModule_ = static_cast<int32_t>(m);
        }
        const std::string detections = tracker.of;
        for (ModuleNode& node : identifyNodes(spec, detections, tracks, numberOf(detections, spec.name), first,
                                              models_[m], identity, facts))
          nodes.push_back(std::move(node));
        if (spec_.snapshots && !shots_) {
          shots_ = std::make_shared<Shots>(device_);
          observationOf_.push_back(static_cast<int32_t>(nodes.size()) - 1);
          nodes.push_back(Shots::node(shots_, spec.of, tracks));
          continue;
        }
        break;
      }
      case ModuleSpec::Kind::js: nodes.push_back(externalNode(spec, static_cast<int32_t>(m))); break;
    }
    observationOf_.push_back(static_cast<int32_t>(nodes.size()) - 1);
  }
  if ((spec_.rows || spec_.snapshots) && !identity_.identities) recordTracks(nodes);
  return nodes;
}

// Files of tracks in a run that identifies nobody: a gallery without embeddings writes down each track as somebody of
// its own. Its observation is not delivered.
void Pipeline::recordTracks(std::vector<ModuleNode>& nodes) {
  const auto tracker = std::find_if(spec_.modules.begin(), spec_.modules.end(), [](const ModuleSpec& module) {
    return module.kind == ModuleSpec::Kind::track;
  });
  if (tracker == spec_.modules.end()) return;  // refused before: see src/plan.ts
  ModuleSpec recorder;
  recorder.name = tracker->name + ".recorded";
  recorder.of = tracker->name;
  recorder.identity.mode = track::ReidMode::off;
  identity_ = openIdentities(recorder, nullptr);
  onlyTracks_ = true;
  const int32_t tracks = observationOf_[positionOf(tracker->name)];
  for (ModuleNode& node : identifyNodes(recorder, tracker->of, tracks, observationOf_[positionOf(tracker->of)],
                                        static_cast<int32_t>(nodes.size()), nullptr, identity_,
                                        [this](int32_t source) { return factsOf(source); })) {
    node.internal = node.sink = true;
    nodes.push_back(std::move(node));
  }
  if (!spec_.snapshots) return;
  shots_ = std::make_shared<Shots>(device_);
  nodes.push_back(Shots::node(shots_, tracker->name, tracks));
}

}  // namespace framepath::graph
