#include "binding/spec_from_json.h"

#include <algorithm>
#include <cmath>

#include "binding/json_values.h"

namespace framepath::binding {
namespace {

graph::Policy policyFrom(const Json& json) {
  graph::Policy policy;
  policy.stride = get(json, "stride", policy.stride);
  policy.retry = get(json, "retry", policy.retry);
  policy.timeoutMs = get(json, "timeoutMs", policy.timeoutMs);
  policy.onError = named(json, "onError", policy.onError);
  policy.fallback = get<std::string>(json, "fallback", "");
  policy.maxBatch = get(json, "maxBatch", 0);  // chosen
  policy.maxWaitMs = get(json, "maxWaitMs", policy.maxWaitMs);
  return policy;
}

graph::InputSpec inputFrom(const Json& json) {
  graph::InputSpec input;
  input.width = get(json, "width", input.width);
  input.height = get(json, "height", input.height);
  input.format = pixelFormatOf(named(json, "format", InputFormat::rgb24));
  input.crop = get<std::string>(json, "crop", "");
  input.align = get<std::string>(json, "align", "none");
  input.of = get<std::string>(json, "of", "");
  input.window = get(json, "window", 0);
  input.stride = get(json, "stride", 1);
  input.min = get(json, "min", input.window);
  input.onDevice = named(json, "memory", graph::InputMemory::host) == graph::InputMemory::device;
  return input;
}

infer::ModelUse useOf(const graph::ModuleSpec& module) {
  using Kind = graph::ModuleSpec::Kind;
  using Use = infer::ModelUse;
  switch (module.kind) {
    case Kind::detect: return Use::detect;
    case Kind::classify: return module.of.empty() ? Use::classify : Use::classifyBoxes;
    case Kind::raw: return Use::raw;
    case Kind::identify: return Use::embed;
    case Kind::track:
    case Kind::js: break;
  }
  return Use::any;
}

graph::ModuleSpec moduleFrom(const Json& json) {
  using Kind = graph::ModuleKind;
  graph::ModuleSpec module;
  module.name = json.at("name").get<std::string>();
  module.kind = named<Kind>(json.at("kind").get<std::string>(), "a module's kind");
  const Json policy = get(json, "policy", Json::object());
  module.policy = policyFrom(policy);
  module.workers = get(policy, "workers", 0);
  module.of = get<std::string>(json, "of", "");
  if (json.contains("model") && json["model"].is_object()) module.model = modelFrom(json["model"]);
  module.model.stated.use = useOf(module);
  if (module.kind == Kind::classify) {
    graph::BoxClassesOptions& boxes = module.boxClasses;
    boxes.minSize = get(json, "minSize", boxes.minSize);
    boxes.margin = get(json, "margin", boxes.margin);
    boxes.smooth = get(json, "smooth", boxes.smooth);
    boxes.every = get(json, "every", boxes.every);
  }
  if (module.kind == Kind::track) module.tracker = trackerFrom(json);
  if (module.kind == Kind::identify) {
    module.identity.mode = named(json, "reid", module.identity.mode);
    module.model.stated.metric = get<std::string>(json, "metric", "");
    if (json.contains("threshold")) module.model.stated.threshold = json["threshold"].get<double>();
    module.sameScene = get(json, "sameScene", std::vector<std::vector<std::string>>{});
    module.bank = get<std::string>(json, "bank", "");
  }
  module.depends = get(json, "depends", std::vector<std::string>{});
  module.pixels = get(json, "pixels", false);
  module.stateless = get(json, "stateless", false);
  if (json.contains("input")) {
    module.input = inputFrom(json["input"]);
    module.input->exported = get(json, "elsewhere", false);
  }
  return module;
}

compose::TileSpec tileFrom(const Json& json) {
  compose::TileSpec tile;
  tile.source = required<int32_t>(json, "source");
  if (json.contains("rect")) {
    const auto r = required<std::array<float, 4>>(json, "rect");
    tile.rect = {r[0], r[1], r[2], r[3]};
  }
  tile.fit = named(json, "fit", tile.fit);
  tile.z = get(json, "z", tile.z);
  tile.alpha = get(json, "alpha", tile.alpha);
  if (json.contains("follow")) {
    const Json& follow = json["follow"];
    compose::FollowSpec& to = tile.follow;
    to.module = follow.at("module").get<std::string>();
    to.pick = named(follow, "pick", to.pick);
    to.value = get(follow, "value", to.value);
    to.zoom = get(follow, "zoom", to.zoom);
    to.minHoldMs = get(follow, "minHoldMs", to.minHoldMs);
    to.responseMs = get(follow, "responseMs", to.responseMs);
  }
  return tile;
}

compose::LayoutSpec layoutFrom(const Json& json) {
  compose::LayoutSpec layout;
  layout.kind = named<compose::LayoutKind>(json.at("kind").get<std::string>(), "layout");
  layout.width = get(json, "width", layout.width);
  layout.height = get(json, "height", layout.height);
  if (json.contains("fps")) {
    const auto fps = required<std::array<int32_t, 2>>(json, "fps");
    layout.fpsNum = fps[0];
    layout.fpsDen = fps[1];
  }
  if (json.contains("background")) {
    const auto color = required<std::array<uint8_t, 3>>(json, "background");
    std::copy(color.begin(), color.end(), layout.background);
  }
  layout.gap = get(json, "gap", layout.gap);
  layout.whenEnded = named(json, "whenEnded", layout.whenEnded);
  for (const Json& tile : get(json, "tiles", Json::array())) layout.tiles.push_back(tileFrom(tile));
  layout.perSource = get(json, "perSource", false);
  if (json.contains("redact")) {
    const Json& redact = json["redact"];
    layout.redact.module = redact.at("module").get<std::string>();
    layout.redact.kind = named(redact, "kind", layout.redact.kind);
    layout.redact.margin = get(redact, "margin", layout.redact.margin);
    layout.redact.strength = get(redact, "strength", layout.redact.strength);
    if (redact.contains("lookAheadMs")) layout.redact.lookAheadMs = redact["lookAheadMs"].get<double>();
  }
  if (json.contains("draw")) {
    const Json& draw = json["draw"];
    layout.draw.boxes = get<std::string>(draw, "boxes", "");
    layout.draw.labels = get(draw, "labels", layout.draw.labels);
    layout.draw.time = get(draw, "time", layout.draw.time);
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

graph::OutputSpec outputFrom(const Json& json) {
  graph::OutputSpec output;
  output.path = get<std::string>(json, "path", "");
  output.encoder.codec = named(json, "codec", output.encoder.codec);
  output.encoder.profile = named(json, "profile", output.encoder.profile);
  if (const Json bitrate = get(json, "bitrate", Json(0)); bitrate.is_object()) {
    output.encoder.minBitrate = required<int64_t>(bitrate, "min");
    output.encoder.bitrate = required<int64_t>(bitrate, "max");
  } else {
    output.encoder.bitrate = valueOf<int64_t>(bitrate, "bitrate");
  }
  output.encoder.threads = get(json, "threads", 0);
  output.packets = get(json, "packets", output.path.empty());
  const Json audio = get(json, "audio", Json("first"));
  using Audio = graph::OutputSpec::Audio;
  if (audio.is_number()) {
    output.audio = Audio::source;
    output.audioSource = valueOf<int32_t>(audio, "audio");
  } else if (audio.is_object()) {
    output.audio = Audio::source;
    output.audioSource = -1;
    output.audioId = get<std::string>(audio, "id", "");
  } else {
    output.audio = audioOf(named<graph::AudioMode>(audio.get<std::string>(), "audio"));
  }
  return output;
}

}  // namespace

Json parseJson(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw Error(ErrorCode::INVALID_ARGUMENT, "The options are not JSON.");
  return json;
}

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

media::Limits limitsFrom(const Json& json) {
  media::Limits limits;
  limits.maxBytes = get<int64_t>(json, "maxBytes", 0);
  limits.maxPixels = get<int64_t>(json, "maxPixels", 0);
  limits.maxDurationMs = get<int64_t>(json, "maxDurationMs", 0);
  limits.jail = get<std::string>(json, "jail", "");
  limits.protocols = get(json, "protocols", limits.protocols);
  limits.hosts = get(json, "hosts", limits.hosts);
  limits.privateNetworks = get(json, "privateNetworks", limits.privateNetworks);
  limits.isolated = get(json, "isolated", limits.isolated);
  return limits;
}

media::SkipLoopFilter skipLoopFilterFrom(const Json& json) {
  return named(json, "skipLoopFilter", media::SkipLoopFilter::none);
}

graph::Span spanFrom(const Json& json) {
  const auto ns = [&](const char* name) {
    return static_cast<int64_t>(std::llround(std::clamp(get<double>(json, name, 0), -1e12, 1e12) * 1e6));
  };
  graph::Span span;
  span.lane = get<std::string>(json, "module", "");
  span.source = get(json, "source", -1);
  span.seq = get<int64_t>(json, "seq", 0);
  span.readyNs = span.startNs = ns("startMs");
  span.endNs = ns("endMs");
  span.host = get<std::string>(json, "host", "");
  span.pid = get(json, "pid", 0);
  return span;
}

graph::SourceSpec sourceFrom(const Json& json) {
  graph::SourceSpec source;
  source.id = json.at("id").get<std::string>();
  source.kind = named(json, "kind", source.kind);
  media::SourceOptions& reader = source.reader;
  reader.uri = get<std::string>(json, "uri", "");
  reader.images = get(json, "images", reader.images);
  reader.imageFps = get(json, "imageFps", reader.imageFps);
  reader.startMs = milliseconds(json, "startMs", 0);
  reader.endMs = milliseconds(json, "endMs", -1);
  reader.maxGapMs = milliseconds(json, "maxGapMs", reader.maxGapMs);
  reader.stride = get(json, "stride", reader.stride);
  reader.maxFps = get(json, "maxFps", reader.maxFps);
  reader.threads = get(json, "threads", 0);
  reader.decoder = named(json, "decoder", reader.decoder);
  reader.skipLoopFilter = skipLoopFilterFrom(json);
  if (json.contains("limits")) reader.limits = limitsFrom(json["limits"]);
  if (json.contains("live")) source.live = required<bool>(json, "live");
  reader.reconnects = get(json, "reconnect", reader.reconnects);
  source.width = get(json, "width", 0);
  source.height = get(json, "height", 0);
  source.fps = get(json, "fps", source.fps);
  source.format = pixelFormatOf(named(json, "format", PixelFormatName::rgb24));
  return source;
}

infer::ModelOptions modelFrom(const Json& json) {
  infer::ModelOptions model;
  model.name = get<std::string>(json, "name", "");
  model.file = get<std::string>(json, "file", "");
  infer::StatedSpec& stated = model.stated;
  stated.head = get<std::string>(json, "head", "");
  stated.layout = get<std::string>(json, "layout", "");
  stated.color = get<std::string>(json, "color", "");
  stated.resize = get<std::string>(json, "resize", "");
  stated.align = get<std::string>(json, "align", "");
  stated.mean = get(json, "mean", stated.mean);
  stated.scale = get(json, "scale", stated.scale);
  stated.size = get(json, "size", stated.size);
  stated.labels = get(json, "labels", stated.labels);
  const auto number = [&](const char* key, auto& to) {
    if (json.contains(key)) to = required<typename std::decay_t<decltype(to)>::value_type>(json, key);
  };
  number("pad", stated.pad);
  number("scoreThreshold", stated.scoreThreshold);
  number("iouThreshold", stated.iouThreshold);
  number("topK", stated.topK);
  model.precision = get(json, "precision", model.precision);
  return model;
}

infer::ProviderChoice providersFrom(const Json& json) {
  infer::ProviderChoice providers;
  providers.order = get(json, "order", providers.order);
  providers.off = get(json, "off", providers.off);
  providers.cacheFolder = get<std::string>(json, "cacheFolder", "");
  return providers;
}

track::TrackerOptions trackerFrom(const Json& json) {
  track::TrackerOptions tracker;
  tracker.association = named(json, "association", tracker.association);
  tracker.fps = get(json, "fps", tracker.fps);
  tracker.trackThreshold = get(json, "trackThreshold", tracker.trackThreshold);
  tracker.lowThreshold = get(json, "lowThreshold", tracker.lowThreshold);
  tracker.newThreshold = get(json, "newThreshold", tracker.newThreshold);
  tracker.matchGate = get(json, "matchGate", tracker.matchGate);
  tracker.bufferMs = get(json, "bufferMs", tracker.bufferMs);
  return tracker;
}

graph::PipelineSpec pipelineFrom(const Json& json) {
  try {
    graph::PipelineSpec spec;
    spec.device = get(json, "device", spec.device);
    spec.deviceOptions.memoryLimit = get(json, "memoryLimit", spec.deviceOptions.memoryLimit);
    spec.runtimeLibraries = get(json, "runtimeLibraries", spec.runtimeLibraries);
    spec.providers = providersFrom(get(json, "providers", Json::object()));
    for (const Json& source : get(json, "sources", Json::array())) spec.sources.push_back(sourceFrom(source));
    for (const Json& module : get(json, "modules", Json::array())) spec.modules.push_back(moduleFrom(module));
    if (json.contains("compose")) spec.layout = layoutFrom(json["compose"]);
    if (json.contains("output")) spec.output = outputFrom(json["output"]);
    spec.inFlight = std::max(1, get(json, "inFlight", spec.inFlight));
    spec.resultQueue = std::max(1, get(json, "resultQueue", spec.resultQueue));
    spec.keptFrames = get(json, "keptFrames", spec.keptFrames);
    if (spec.output) {
      media::EncoderOptions& encoder = spec.output->encoder;
      encoder.maxSessions = get(json, "maxEncoderSessions", 0);
      encoder.sessions = named(json, "encoderSessions", encoder.sessions);
    }
    spec.keepPixels = get(json, "keepPixels", false);
    spec.open = get(json, "open", false);
    spec.snapshots = get(json, "snapshots", false);
    spec.trace = get(json, "trace", false);
    spec.rows = json.contains("rows");
    spec.rowsFolder = get<std::string>(json, "rows", "");
    return spec;
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::INVALID_ARGUMENT, std::string("The pipeline's options do not fit: ") + e.what());
  }
}

}  // namespace framepath::binding
