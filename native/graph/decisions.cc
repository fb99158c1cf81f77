#include "graph/decisions.h"

#include <algorithm>
#include <thread>

#include "core/decimal.h"
#include "core/enum_names.h"
#include "media/decoder_choice.h"

namespace framepath::graph {
namespace {

using Kind = ModuleSpec::Kind;

constexpr int32_t kGpuWorkers = 2;  // of a detector: one prepares while the other's results come back
constexpr const char* kInOrder = "each source in order";
constexpr const char* kFile = "the model's file";
constexpr const char* kFileOrHead = "the model's file, else its head";

int32_t cores() {
  return std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
}

std::string counted(int32_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

template <typename T>
Decision<T> engine(T value, std::string why) {
  return {std::move(value), DecidedBy::engine, std::move(why)};
}

template <typename T>
Decision<T> found(T value, std::string why) {
  return {std::move(value), DecidedBy::probe, std::move(why)};
}

std::vector<double> channelsOf(const std::array<float, 3>& values) {
  return {decimal(values[0]), decimal(values[1]), decimal(values[2])};
}

const ModuleSpec* moduleNamed(const PipelineSpec& spec, const std::string& name) {
  const auto found = std::ranges::find(spec.modules, name, &ModuleSpec::name);
  return found == spec.modules.end() ? nullptr : &*found;
}

bool isTracked(const ModuleSpec& of) {
  return of.kind == Kind::track || of.kind == Kind::identify;
}

void checkBoxes(const ModuleSpec& spec, const ModuleSpec& of) {
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    Error error(ErrorCode::GRAPH_INVALID, "classify(\"" + spec.name + "\") " + why, hint);
    error.module = spec.name;
    throw error;
  };
  if (!isTracked(of) && of.kind != Kind::detect)
    refuse("needs boxes, but \"" + spec.of + "\" gives none.", "Use it on a detector, a tracker or identify.");
  if (!isTracked(of) && (spec.boxClasses.smooth > 0 || spec.boxClasses.every > 1))
    refuse("smooths over tracks, but \"" + spec.of + "\" is a detector.",
           "Use it on a tracker, or leave smooth and every out.");
  if (spec.policy.stride != 1 || spec.policy.onError == OnError::fallback)
    refuse("takes neither a stride nor a fallback.", "Use every, which counts for each track.");
}

Decision<bool> decideDecoder(const SourceSpec& spec, const Device& device) {
  if (spec.kind == SourceSpec::Kind::frames) return engine(false, "pushed frames are not decoded");
  if (media::triesGpu(spec.reader, &device)) return engine(true, "the run is on " + device.id().name());
  if (device.id().kind == DeviceKind::cpu) return engine(false, "the run is on the CPU");
  return engine(false, media::needsReader(spec.reader.limits) ? "it is isolated" : "its decoder is software");
}

Decision<bool> decideOrder(const ModuleSpec& spec, const PipelineSpec& run) {
  switch (spec.kind) {
    case Kind::detect:
    case Kind::raw: return engine(false, "looks at each frame alone");
    case Kind::classify: {
      const ModuleSpec* of = spec.of.empty() ? nullptr : moduleNamed(run, spec.of);
      if (!of) return engine(false, "looks at each frame alone");
      checkBoxes(spec, *of);
      if (isTracked(*of)) return engine(true, "its boxes are tracked");
      const bool carried = of->policy.stride > 1;
      return engine(carried, carried ? "its boxes are carried over a stride" : "looks at each frame alone");
    }
    case Kind::track:
    case Kind::identify: return engine(true, "follows over frames");
    case Kind::js:
      if (spec.input && !spec.input->of.empty()) return engine(true, "its windows grow in order");
      return engine(!spec.stateless, spec.stateless ? "stateless" : "not stateless");
  }
  return engine(true, "");
}

Decision<bool> decidePixels(const ModuleSpec& spec) {
  if (spec.kind == Kind::js)
    return engine(spec.pixels || spec.input, spec.input ? "its input" : spec.pixels ? "pixels" : "asks for none");
  return engine(usesModel(spec), usesModel(spec) ? "its model" : "has no model");
}

Decision<std::string> decideWhere(const Decision<std::string>& device, const infer::Model* model) {
  if (!model) return engine<std::string>("cpu", "has no model");
  if (model->provider() != "cpu" || device.value == "cpu") return device;
  const auto& falls = model->refusedProviders();
  return found<std::string>(
      "cpu", falls.empty() ? "the providers allowed" : falls.back().provider + " does not run the model");
}

Decision<int32_t> decideWorkers(const ModuleSpec& spec, int32_t sources, bool onGpu) {
  if (spec.kind != Kind::detect) return engine(1, "default");
  const int32_t wanted = std::max(2, sources), most = onGpu ? kGpuWorkers : cores();
  if (wanted > most) return engine(most, onGpu ? "the GPU" : counted(most, "core"));
  return engine(wanted, sources > 2 ? counted(sources, "source") : "default");
}

// On a GPU whatever waits goes together.
Decision<int32_t> decideMaxBatch(const infer::Model* model, bool onGpu) {
  if (onGpu) return engine(model->batch(), "what " + model->provider() + " takes");
  return engine(1, model ? "on the CPU" : "default");
}

std::string whyProvider(const infer::Model& model, const Decision<std::string>& device) {
  if (device.value == "cpu") return "on the CPU";
  return model.refusedProviders().empty() ? "the first that is allowed" : "the first that runs the model";
}

schema::ModelFileOpen decideModel(const infer::Model& model, const Decision<std::string>& device) {
  const infer::ModelSpec& spec = model.spec();
  const bool fixed = spec.fixedBatch > 0;
  std::vector<schema::ProviderFallSpec> falls;
  for (const infer::RefusedProvider& fall : model.refusedProviders())
    falls.push_back({valueNamed<infer::Provider>(fall.provider).value_or(infer::Provider::cpu), fall.reason});
  return {.head = found<std::string>(nameOf(spec.head), kFile),
          .layout = found(spec.layout, kFile),
          .color = found(spec.bgr ? infer::ColorOrder::bgr : infer::ColorOrder::rgb, kFile),
          .resize = found(spec.resize, kFileOrHead),
          .align = found(valueNamed<infer::Align>(spec.align).value_or(infer::Align::none), kFile),
          .mean = found(channelsOf(spec.mean), kFileOrHead),
          .scale = found(channelsOf(spec.scale), kFileOrHead),
          .size = found(std::array<int32_t, 2>{spec.width, spec.height}, kFile),
          .pad = found(decimal(spec.pad), kFileOrHead),
          .scoreThreshold = found(decimal(spec.scoreThreshold), kFileOrHead),
          .iouThreshold = found(decimal(spec.iouThreshold), kFileOrHead),
          .topK = found(spec.topK, kFileOrHead),
          .provider = found(valueNamed<infer::Provider>(model.provider()).value_or(infer::Provider::cpu),
                            whyProvider(model, device)),
          .batch = found(model.batch(), fixed ? std::string(kFile) : "what " + model.provider() + " takes"),
          .falls = std::move(falls)};
}

std::optional<schema::IdentifyOpen> decideIdentity(const infer::Model& model) {
  const std::optional<Metric> metric = valueNamed<Metric>(model.spec().metric);
  if (!metric) return std::nullopt;
  return schema::IdentifyOpen{.metric = found(*metric, kFile),
                              .threshold = found(decimal(model.spec().threshold), kFile)};
}

Decision<std::string> decideDevice(const Decision<std::string>& asked, const Device& device) {
  if (asked.value != "auto") return asked;
  return found(device.id().name(), "auto (" + asked.why + "): what works on this machine");
}

ModuleDecisions decideModule(const ModuleSpec& spec, const PipelineSpec& run, const Decision<std::string>& device,
                             const infer::Model* model) {
  const bool onGpu = model && model->provider() != "cpu";
  schema::LaneOpen lane{
      .where = decideWhere(device, model), .stateful = decideOrder(spec, run), .pixels = decidePixels(spec)};
  const bool alone = lane.stateful.value && !model;  // with one, its crops of all sources go together
  const auto sources = static_cast<int32_t>(run.sources.size());
  ModuleDecisions decisions{.alone = alone,
                            .policy = {.maxBatch = alone ? engine(1, kInOrder) : decideMaxBatch(model, onGpu),
                                       .workers = alone ? engine(1, kInOrder) : decideWorkers(spec, sources, onGpu)},
                            .lane = std::move(lane),
                            .model = std::nullopt,
                            .identity = std::nullopt};
  if (model) decisions.model = decideModel(*model, device);
  if (model && spec.kind == Kind::identify) decisions.identity = decideIdentity(*model);
  return decisions;
}

}  // namespace

bool usesModel(const ModuleSpec& spec) {
  switch (spec.kind) {
    case Kind::detect:
    case Kind::classify:
    case Kind::raw: return true;
    case Kind::identify: return spec.identity.mode != track::ReidMode::off;
    case Kind::track:
    case Kind::js: return false;
  }
  return false;
}

schema::SourceOpen decideSource(const SourceSpec& spec, int32_t sources, const Device& device) {
  const int32_t threads = std::max(1, cores() / std::max(1, sources));
  return {.threads = engine(threads, counted(cores(), "core") + " for " + counted(std::max(1, sources), "source")),
          .triesGpu = decideDecoder(spec, device)};
}

schema::OutputOpen decideOutput(const std::string& path) {
  return {.threads = engine(cores(), counted(cores(), "core")),
          .packets = engine(path.empty(), path.empty() ? "there is no path" : "there is a path")};
}

void decideTiming(OutputSpec& output, bool anyLive) {
  const media::OutputPlace place = output.path.empty() ? media::OutputPlace{} : media::placeOf(output.path);
  const bool low = anyLive && !place.local && output.encoder.bFrames <= 0;
  output.encoder.latency = output.latency.value_or(low ? media::Latency::low : media::Latency::normal);
  if (place.segmented) output.encoder.keyframeMs = std::min(output.encoder.keyframeMs, output.pieces.segmentMs);
}

Decisions decide(const PipelineSpec& spec, const Device& device,
                 const std::vector<std::shared_ptr<infer::Model>>& models) {
  Decisions decisions{
      .run = {.device = decideDevice(spec.device, device)}, .sources = {}, .modules = {}, .output = std::nullopt};
  for (const SourceSpec& source : spec.sources)
    decisions.sources.push_back(decideSource(source, static_cast<int32_t>(spec.sources.size()), device));
  for (size_t m = 0; m < spec.modules.size(); m++)
    decisions.modules.push_back(decideModule(spec.modules[m], spec, decisions.run.device, models[m].get()));
  if (spec.output) decisions.output = decideOutput(spec.output->path);
  return decisions;
}

}  // namespace framepath::graph
