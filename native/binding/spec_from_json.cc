#include "binding/spec_from_json.h"

#include <tuple>

#include "binding/read.h"
#include "binding/spec_fields.h"

namespace framepath::binding {
namespace {

media::Limits limitsOf(const schema::LimitsSpec& from) {
  FIELDS_OF(from, maxBytes, maxPixels, maxDurationMs, jail, protocols, hosts, privateNetworks, isolated);
  return {maxBytes, maxPixels, maxDurationMs, jail, protocols, hosts, privateNetworks, isolated};
}

graph::SourceSpec sourceOf(const schema::SourceSpec& from) {
  FIELDS_OF(from, startMs, endMs, stride, maxFps, maxGapMs, decoder, deinterlace, threads, skipLoopFilter,
            maxDecodeErrors, live, maxAgeMs, reconnect, required, format, fps, id, kind, uri, images, imageFps, limits,
            recorder, width, height, triesGpu);
  (void)triesGpu;  // found
  graph::SourceSpec source;
  source.id = id;
  source.kind = kind;
  media::SourceOptions& reader = source.reader;
  reader.uri = uri;
  reader.images = images;
  reader.imageFps = imageFps;
  reader.startMs = static_cast<int64_t>(startMs.value);
  reader.endMs = static_cast<int64_t>(endMs.value.value_or(-1));
  reader.maxGapMs = static_cast<int64_t>(maxGapMs.value);
  reader.stride = stride;
  reader.maxFps = maxFps.value.value_or(0);
  reader.threads = valueOr(threads, 0);
  reader.decoder = decoder;
  reader.skipLoopFilter = skipLoopFilter;
  reader.deinterlace = deinterlace;
  reader.maxDecodeErrors = maxDecodeErrors;
  if (limits) reader.limits = limitsOf(*limits);
  source.live = live;
  if (const auto& kept = recorder.value) {
    FIELDS_OF(*kept, preMs, maxBytes);
    source.recorder = {preMs, maxBytes};
  }
  source.maxAgeMs = maxAgeMs;
  reader.reconnects = reconnect;
  reader.required = required;
  source.width = width;
  source.height = height;
  source.fps = fps;
  source.format = pixelFormatOf(format.value);
  return source;
}

infer::ModelOptions modelOf(const schema::ModelFileSpec& from) {
  FIELDS_OF(from, head, layout, color, resize, align, mean, scale, size, labels, pad, scoreThreshold, iouThreshold,
            topK, precision, name, file, provider, batch, falls);
  static_cast<void>(std::tie(provider, batch, falls));  // found
  infer::ModelOptions model;
  model.name = name;
  model.file = file;
  infer::StatedSpec& stated = model.stated;
  stated.head = valueOr<std::string>(head, {});
  stated.layout = nameOr(layout);
  stated.color = nameOr(color);
  stated.resize = nameOr(resize);
  stated.align = nameOr(align);
  stated.mean = valueOr<std::vector<double>>(mean, {});
  stated.scale = valueOr<std::vector<double>>(scale, {});
  if (size) stated.size = {size->value[0], size->value[1]};
  stated.labels = labels;
  stated.pad = valueOf(pad);
  stated.scoreThreshold = valueOf(scoreThreshold);
  stated.iouThreshold = valueOf(iouThreshold);
  stated.topK = valueOf(topK);
  model.precision = framepath::nameOf(precision.value);
  return model;
}

graph::InputSpec inputOf(const schema::InputRequest& from, bool exported) {
  FIELDS_OF(from, width, height, format, crop, align, memory, of, window, stride, min);
  graph::InputSpec input;
  input.width = width.value_or(0);
  input.height = height.value_or(0);
  input.format = pixelFormatOf(format.value);
  input.crop = crop;
  input.align = framepath::nameOf(align.value);
  input.of = of;
  input.window = window.value_or(0);
  input.stride = stride;
  input.min = min.value.value_or(input.window);
  input.onDevice = memory == graph::InputMemory::device;
  input.exported = exported;
  return input;
}

// What a module of each kind has beside its name and policy.
struct OwnFields {
  graph::ModuleSpec& to;

  void takeModel(const schema::ModelFileSpec& from, infer::ModelUse use) {
    to.model = modelOf(from);
    to.model.stated.use = use;
  }
  void operator()(const schema::DetectSpec& from) {
    FIELDS_OF(from, name, policy, lane, model);
    to.kind = graph::ModuleKind::detect;
    takeModel(model, infer::ModelUse::detect);
  }
  void operator()(const schema::RawSpec& from) {
    FIELDS_OF(from, name, policy, lane, model);
    to.kind = graph::ModuleKind::raw;
    takeModel(model, infer::ModelUse::raw);
  }
  void operator()(const schema::ClassifySpec& from) {
    FIELDS_OF(from, name, policy, lane, minSize, margin, smooth, every, of, model);
    to.kind = graph::ModuleKind::classify;
    to.of = of;
    to.boxClasses = {minSize, margin, smooth, every};
    takeModel(model, of.value.empty() ? infer::ModelUse::classify : infer::ModelUse::classifyBoxes);
  }
  void operator()(const schema::TrackSpec& from) {
    FIELDS_OF(from, name, policy, lane, association, trackThreshold, lowThreshold, newThreshold, matchGate, bufferMs,
              of);
    to.kind = graph::ModuleKind::track;
    to.of = of;
    to.tracker.association = association;
    to.tracker.trackThreshold = trackThreshold;
    to.tracker.lowThreshold = lowThreshold;
    to.tracker.newThreshold = newThreshold;
    to.tracker.matchGate = matchGate;
    to.tracker.bufferMs = bufferMs;
  }
  void operator()(const schema::IdentifySpec& from) {
    FIELDS_OF(from, name, policy, lane, of, model, reid, metric, threshold, sameScene, bank);
    to.kind = graph::ModuleKind::identify;
    to.of = of;
    takeModel(model, infer::ModelUse::embed);
    to.model.stated.metric = nameOr(metric);
    to.model.stated.threshold = valueOf(threshold);
    to.identity.mode = reid;
    to.sameScene = sameScene;
    to.bank = bank;
  }
  void operator()(const schema::JsSpec& from) {
    FIELDS_OF(from, name, policy, lane, depends, pixels, stateless, input, where, host, elsewhere);
    to.kind = graph::ModuleKind::js;
    to.depends = depends;
    to.pixels = pixels;
    to.stateless = stateless;
    if (input) to.input = inputOf(*input, elsewhere);
    if (host) to.policy.timeoutMs = 0;
  }
};

void takePolicy(const schema::Policy& from, graph::ModuleSpec& to) {
  FIELDS_OF(from, stride, retry, timeoutMs, onError, fallback, maxBatch, maxWaitMs, workers);
  to.policy = {stride, retry, timeoutMs.value.value_or(0), onError, fallback, valueOr(maxBatch, 0), maxWaitMs};
  to.workers = valueOr(workers, 0);
}

graph::ModuleSpec moduleOf(const schema::ModuleSpec& from) {
  graph::ModuleSpec module;
  std::visit(
      [&](const auto& one) {
        module.name = one.name;
        takePolicy(one.policy, module);
        OwnFields{module}(one);
      },
      from);
  return module;
}

infer::ProviderChoice providersOf(const schema::ProviderSpec& from) {
  FIELDS_OF(from, order, off, cacheFolder);
  infer::ProviderChoice providers;
  for (const infer::Provider provider : order.value) providers.order.emplace_back(framepath::nameOf(provider));
  for (const auto& [provider, why] : off) providers.off[framepath::nameOf(provider)] = why;
  providers.cacheFolder = cacheFolder;
  return providers;
}

}  // namespace

PixelFormat pixelFormatOf(PixelFormatName name) {
  switch (name) {
    case PixelFormatName::rgb24: return pixelFormat::rgb24;
    case PixelFormatName::bgr24: return pixelFormat::bgr24;
    case PixelFormatName::rgba: return pixelFormat::rgba;
    case PixelFormatName::gray8: return pixelFormat::gray8;
    case PixelFormatName::nv12: return pixelFormat::nv12;
    case PixelFormatName::yuv420p: return pixelFormat::yuv420p;
  }
  return pixelFormat::rgb24;
}

PixelFormat pixelFormatOf(InputFormat name) {
  switch (name) {
    case InputFormat::rgb24: return pixelFormat::rgb24;
    case InputFormat::gray8: return pixelFormat::gray8;
    case InputFormat::nv12: return pixelFormat::nv12;
  }
  return pixelFormat::rgb24;
}

media::Limits limitsFrom(const schema::LimitsSpec& limits) {
  return limitsOf(limits);
}

compose::LayoutSpec layoutFrom(const Json& json) {
  return layoutOf(read<schema::LayoutSpec>(json));
}

graph::SourceSpec sourceFrom(const Json& json) {
  return sourceOf(read<schema::SourceSpec>(json));
}

infer::ModelOptions modelFrom(const schema::ModelFileSpec& file) {
  return modelOf(file);
}

infer::ProviderChoice providersFrom(const std::optional<schema::ProviderSpec>& providers) {
  return providers ? providersOf(*providers) : infer::ProviderChoice{};
}

track::TrackerOptions trackerFrom(const Json& json) {
  const auto options = read<schema::TrackMotOptions>(json);
  FIELDS_OF(options, association, trackThreshold, lowThreshold, newThreshold, matchGate, bufferMs, fps);
  return {association, fps, trackThreshold, lowThreshold, newThreshold, matchGate, bufferMs};
}

schema::PipelineSpec planFrom(const Json& json) {
  std::vector<schema::LevelSpec> levels;
  field(Value{json}, "levels", levels, Size{0, kAnySize});
  Levels byOption;
  for (schema::LevelSpec& level : levels) byOption[level.option] = {level.by, std::move(level.why)};
  schema::PipelineSpec plan;
  take(Value{.json = json, .levels = &byOption}, plan);
  return plan;
}

graph::PipelineSpec pipelineOf(const schema::PipelineSpec& from) {
  FIELDS_OF(from, inFlight, resultQueue, keptFrames, maxPending, memoryLimit, maxEncoderSessions, encoderSessions,
            device, levels, runtimeLibraries, providers, sources, modules, compositions, keepPixels, open, snapshots,
            trace, rows);
  graph::PipelineSpec spec;
  if (device) spec.device = *device;
  spec.deviceOptions.memoryLimit = static_cast<uint64_t>(memoryLimit.value.value_or(0));
  spec.runtimeLibraries = runtimeLibraries;
  if (providers) spec.providers = providersOf(*providers);
  for (const schema::SourceSpec& source : sources) spec.sources.push_back(sourceOf(source));
  for (const schema::ModuleSpec& module : modules) spec.modules.push_back(moduleOf(module));
  for (const schema::CompositionSpec& composition : compositions) {
    spec.compositions.push_back(compositionOf(composition));
    for (graph::OutputSpec& output : spec.compositions.back().outputs) {
      output.encoder.maxSessions = maxEncoderSessions.value.value_or(0);
      output.encoder.sessions = encoderSessions;
    }
  }
  spec.inFlight = inFlight;
  spec.resultQueue = resultQueue;
  spec.keptFrames = keptFrames;
  (void)maxPending;  // kept to in TypeScript, which knows what is unanswered
  (void)levels;      // taken by planFrom()
  spec.keepPixels = keepPixels;
  spec.open = open;
  spec.snapshots = snapshots;
  spec.trace = trace;
  spec.rows = rows.value.has_value();
  spec.rowsFolder = rows.value.value_or("");
  return spec;
}

graph::PipelineSpec pipelineFrom(const Json& json) {
  return pipelineOf(planFrom(json));
}

}  // namespace framepath::binding
