#include "binding/spec_from_json.h"

#include "binding/read.h"

namespace framepath::binding {
namespace {

template <NamedEnum E>
std::string nameOr(const std::optional<E>& value) {
  return value ? framepath::nameOf(*value) : "";
}

media::Limits limitsOf(const schema::LimitsSpec& from) {
  FIELDS_OF(from, maxBytes, maxPixels, maxDurationMs, jail, protocols, hosts, privateNetworks, isolated);
  return {maxBytes, maxPixels, maxDurationMs, jail, protocols, hosts, privateNetworks, isolated};
}

graph::SourceSpec sourceOf(const schema::SourceSpec& from) {
  FIELDS_OF(from, startMs, endMs, stride, maxFps, maxGapMs, decoder, threads, skipLoopFilter, maxDecodeErrors, live,
            reconnect, format, fps, id, kind, uri, images, imageFps, limits, width, height);
  graph::SourceSpec source;
  source.id = id;
  source.kind = kind;
  media::SourceOptions& reader = source.reader;
  reader.uri = uri;
  reader.images = images;
  reader.imageFps = imageFps;
  reader.startMs = static_cast<int64_t>(startMs);
  reader.endMs = static_cast<int64_t>(endMs.value_or(-1));
  reader.maxGapMs = static_cast<int64_t>(maxGapMs);
  reader.stride = stride;
  reader.maxFps = maxFps.value_or(0);
  reader.threads = threads.value_or(0);
  reader.decoder = decoder;
  reader.skipLoopFilter = skipLoopFilter;
  reader.maxDecodeErrors = maxDecodeErrors;
  if (limits) reader.limits = limitsOf(*limits);
  source.live = live;
  reader.reconnects = reconnect;
  source.width = width;
  source.height = height;
  source.fps = fps;
  source.format = pixelFormatOf(format);
  return source;
}

infer::ModelOptions modelOf(const schema::ModelFileSpec& from) {
  FIELDS_OF(from, head, layout, color, resize, align, mean, scale, size, labels, pad, scoreThreshold, iouThreshold,
            topK, precision, name, file);
  infer::ModelOptions model;
  model.name = name;
  model.file = file;
  infer::StatedSpec& stated = model.stated;
  stated.head = head;
  stated.layout = nameOr(layout);
  stated.color = nameOr(color);
  stated.resize = nameOr(resize);
  stated.align = nameOr(align);
  stated.mean = mean;
  stated.scale = scale;
  if (size) stated.size = {(*size)[0], (*size)[1]};
  stated.labels = labels;
  stated.pad = pad;
  stated.scoreThreshold = scoreThreshold;
  stated.iouThreshold = iouThreshold;
  stated.topK = topK;
  model.precision = framepath::nameOf(precision);
  return model;
}

graph::InputSpec inputOf(const schema::InputRequest& from, bool exported) {
  FIELDS_OF(from, width, height, format, crop, align, memory, of, window, stride, min);
  graph::InputSpec input;
  input.width = width.value_or(0);
  input.height = height.value_or(0);
  input.format = pixelFormatOf(format);
  input.crop = crop;
  input.align = framepath::nameOf(align);
  input.of = of;
  input.window = window.value_or(0);
  input.stride = stride;
  input.min = min.value_or(input.window);
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
    FIELDS_OF(from, name, policy, model);
    to.kind = graph::ModuleKind::detect;
    takeModel(model, infer::ModelUse::detect);
  }
  void operator()(const schema::RawSpec& from) {
    FIELDS_OF(from, name, policy, model);
    to.kind = graph::ModuleKind::raw;
    takeModel(model, infer::ModelUse::raw);
  }
  void operator()(const schema::ClassifySpec& from) {
    FIELDS_OF(from, name, policy, minSize, margin, smooth, every, of, model);
    to.kind = graph::ModuleKind::classify;
    to.of = of;
    to.boxClasses = {minSize, margin, smooth, every};
    takeModel(model, of.empty() ? infer::ModelUse::classify : infer::ModelUse::classifyBoxes);
  }
  void operator()(const schema::TrackSpec& from) {
    FIELDS_OF(from, name, policy, association, trackThreshold, lowThreshold, newThreshold, matchGate, bufferMs, of);
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
    FIELDS_OF(from, name, policy, of, model, reid, metric, threshold, sameScene, bank);
    to.kind = graph::ModuleKind::identify;
    to.of = of;
    takeModel(model, infer::ModelUse::embed);
    to.model.stated.metric = nameOr(metric);
    to.model.stated.threshold = threshold;
    to.identity.mode = reid;
    to.sameScene = sameScene;
    to.bank = bank;
  }
  void operator()(const schema::JsSpec& from) {
    FIELDS_OF(from, name, policy, depends, pixels, stateless, input, elsewhere);
    to.kind = graph::ModuleKind::js;
    to.depends = depends;
    to.pixels = pixels;
    to.stateless = stateless;
    if (input) to.input = inputOf(*input, elsewhere);
  }
};

void takePolicy(const schema::Policy& from, graph::ModuleSpec& to) {
  FIELDS_OF(from, stride, retry, timeoutMs, onError, fallback, maxBatch, maxWaitMs, workers);
  to.policy = {stride, retry, timeoutMs.value_or(0), onError, fallback, maxBatch.value_or(0), maxWaitMs};
  to.workers = workers.value_or(0);
}

graph::ModuleSpec moduleOf(const schema::ModuleSpec& from) {
  graph::ModuleSpec module;
  std::visit(
      [&](const auto& one) {
        module.name = one.name;
        takePolicy(one.policy.value_or(schema::Policy{}), module);
        OwnFields{module}(one);
      },
      from);
  return module;
}

compose::FollowSpec followOf(const schema::FollowSpec& from) {
  FIELDS_OF(from, zoom, minHoldMs, responseMs, module, pick, value);
  return {module, pick, value, zoom, minHoldMs, responseMs};
}

compose::TileSpec tileOf(const schema::TileSpec& from) {
  FIELDS_OF(from, source, rect, fit, z, alpha, follow);
  compose::TileSpec tile;
  tile.source = source;
  if (rect) tile.rect = {(*rect)[0], (*rect)[1], (*rect)[2], (*rect)[3]};
  tile.fit = fit;
  tile.z = z;
  tile.alpha = alpha;
  if (follow) tile.follow = followOf(*follow);
  return tile;
}

compose::RedactSpec redactOf(const schema::RedactSpec& from) {
  FIELDS_OF(from, kind, margin, strength, lookAheadMs, module);
  return {module, kind, margin, strength, lookAheadMs};
}

compose::LayoutSpec layoutOf(const schema::LayoutSpec& from) {
  FIELDS_OF(from, gap, whenEnded, kind, width, height, fps, background, tiles, perSource, redact, draw);
  compose::LayoutSpec layout;
  layout.kind = kind;
  layout.width = width;
  layout.height = height;
  if (fps) layout.fpsNum = (*fps)[0], layout.fpsDen = (*fps)[1];
  if (background)
    for (size_t i = 0; i < background->size(); i++) layout.background[i] = static_cast<uint8_t>((*background)[i]);
  layout.gap = gap;
  layout.whenEnded = whenEnded;
  for (const schema::TileSpec& tile : tiles) layout.tiles.push_back(tileOf(tile));
  layout.perSource = perSource;
  if (redact) layout.redact = redactOf(*redact);
  if (draw) {
    FIELDS_OF(*draw, boxes, labels, time);
    layout.draw.boxes = boxes;
    layout.draw.labels = labels;
    layout.draw.time = time;
  }
  return layout;
}

graph::OutputSpec::Audio audioOf(graph::AudioMode mode) {
  using Audio = graph::OutputSpec::Audio;
  switch (mode) {
    case graph::AudioMode::first: return Audio::first;
    case graph::AudioMode::mix: return Audio::mix;
    case graph::AudioMode::none: return Audio::none;
  }
  return Audio::first;
}

graph::OutputSpec outputOf(const schema::OutputSpec& from) {
  FIELDS_OF(from, codec, profile, bitrate, threads, path, minBitrate, audio, audioSource, audioId, packets);
  graph::OutputSpec output;
  output.path = path;
  output.encoder.codec = codec;
  output.encoder.profile = profile;
  output.encoder.bitrate = bitrate;
  output.encoder.minBitrate = minBitrate;
  output.encoder.threads = threads.value_or(0);
  output.packets = packets.value_or(path.empty());
  const bool one = audioSource || !audioId.empty();
  output.audio = one ? graph::OutputSpec::Audio::source : audioOf(audio);
  if (one) output.audioSource = audioSource.value_or(-1);
  output.audioId = audioId;
  return output;
}

infer::ProviderChoice providersOf(const schema::ProviderSpec& from) {
  FIELDS_OF(from, order, off, cacheFolder);
  infer::ProviderChoice providers;
  for (const infer::Provider provider : order) providers.order.emplace_back(framepath::nameOf(provider));
  for (const auto& [provider, why] : off) providers.off[framepath::nameOf(provider)] = why;
  providers.cacheFolder = cacheFolder;
  return providers;
}

graph::PipelineSpec pipelineOf(const schema::PipelineSpec& from) {
  FIELDS_OF(from, inFlight, resultQueue, keptFrames, maxPending, memoryLimit, maxEncoderSessions, encoderSessions,
            device, runtimeLibraries, providers, sources, modules, compose, output, keepPixels, open, snapshots, trace,
            rows);
  graph::PipelineSpec spec;
  spec.device = device;
  spec.deviceOptions.memoryLimit = static_cast<uint64_t>(memoryLimit.value_or(0));
  spec.runtimeLibraries = runtimeLibraries;
  if (providers) spec.providers = providersOf(*providers);
  for (const schema::SourceSpec& source : sources) spec.sources.push_back(sourceOf(source));
  for (const schema::ModuleSpec& module : modules) spec.modules.push_back(moduleOf(module));
  if (compose) spec.layout = layoutOf(*compose);
  if (output) {
    spec.output = outputOf(*output);
    spec.output->encoder.maxSessions = maxEncoderSessions.value_or(0);
    spec.output->encoder.sessions = encoderSessions;
  }
  spec.inFlight = inFlight;
  spec.resultQueue = resultQueue;
  spec.keptFrames = keptFrames;
  (void)maxPending;  // kept to in TypeScript, which knows what is unanswered
  spec.keepPixels = keepPixels;
  spec.open = open;
  spec.snapshots = snapshots;
  spec.trace = trace;
  spec.rows = rows.has_value();
  spec.rowsFolder = rows.value_or("");
  return spec;
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

graph::PipelineSpec pipelineFrom(const Json& json) {
  return pipelineOf(read<schema::PipelineSpec>(json));
}

}  // namespace framepath::binding
