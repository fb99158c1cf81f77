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
  policy.onError = named<graph::OnError>(
      {{"fail", graph::OnError::fail}, {"skip", graph::OnError::skip}, {"fallback", graph::OnError::fallback}},
      get<std::string>(json, "onError", "fail"), "onError");
  policy.fallback = get<std::string>(json, "fallback", "");
  policy.maxBatch = get(json, "maxBatch", 0);  // chosen
  policy.maxWaitMs = get(json, "maxWaitMs", policy.maxWaitMs);
  return policy;
}

graph::InputSpec inputFrom(const Json& json) {
  graph::InputSpec input;
  input.width = get(json, "width", input.width);
  input.height = get(json, "height", input.height);
  input.format = pixelFormatNamed(get<std::string>(json, "format", "rgb24"));
  input.crop = get<std::string>(json, "crop", "");
  input.align = get<std::string>(json, "align", "none");
  input.of = get<std::string>(json, "of", "");
  input.window = get(json, "window", 0);
  input.stride = get(json, "stride", 1);
  input.min = get(json, "min", input.window);
  input.onDevice = get<std::string>(json, "memory", "host") == "device";
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
  using Kind = graph::ModuleSpec::Kind;
  graph::ModuleSpec module;
  module.name = json.at("name").get<std::string>();
  module.kind = named<Kind>({{"detect", Kind::detect},
                             {"classify", Kind::classify},
                             {"raw", Kind::raw},
                             {"track", Kind::track},
                             {"identify", Kind::identify},
                             {"js", Kind::js}},
                            json.at("kind").get<std::string>(), "a module's kind");
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
    using Mode = track::ReidMode;
    module.identity.mode =
        named<Mode>({{"conditional", Mode::conditional}, {"always", Mode::always}, {"off", Mode::off}},
                    get<std::string>(json, "reid", "conditional"), "reid");
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
  using compose::Fit;
  compose::TileSpec tile;
  tile.source = required<int32_t>(json, "source");
  if (json.contains("rect")) {
    const auto r = required<std::array<float, 4>>(json, "rect");
    tile.rect = {r[0], r[1], r[2], r[3]};
  }
  tile.fit = named<Fit>(
      {{"contain", Fit::contain}, {"cover", Fit::cover}, {"stretch", Fit::stretch}, {"center-crop", Fit::centerCrop}},
      get<std::string>(json, "fit", "cover"), "fit");
  tile.z = get(json, "z", tile.z);
  tile.alpha = get(json, "alpha", tile.alpha);
  if (json.contains("follow")) {
    using Pick = compose::FollowSpec::Pick;
    const Json& follow = json["follow"];
    compose::FollowSpec& to = tile.follow;
    to.module = follow.at("module").get<std::string>();
    to.pick = named<Pick>({{"main", Pick::main}, {"rank", Pick::rank}, {"id", Pick::id}},
                          get<std::string>(follow, "pick", "main"), "pick");
    to.value = get(follow, "value", to.value);
    to.zoom = get(follow, "zoom", to.zoom);
    to.minHoldMs = get(follow, "minHoldMs", to.minHoldMs);
    to.responseMs = get(follow, "responseMs", to.responseMs);
  }
  return tile;
}

compose::LayoutSpec layoutFrom(const Json& json) {
  using compose::LayoutKind;
  using compose::WhenEnded;
  compose::LayoutSpec layout;
  layout.kind = named<LayoutKind>({{"split", LayoutKind::split},
                                   {"grid", LayoutKind::grid},
                                   {"focus", LayoutKind::focus},
                                   {"custom", LayoutKind::custom}},
                                  json.at("kind").get<std::string>(), "layout");
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
  layout.whenEnded = named<WhenEnded>({{"hold", WhenEnded::hold},
                                       {"placeholder", WhenEnded::placeholder},
                                       {"black", WhenEnded::black},
                                       {"relayout", WhenEnded::relayout}},
                                      get<std::string>(json, "whenEnded", "hold"), "whenEnded");
  for (const Json& tile : get(json, "tiles", Json::array())) layout.tiles.push_back(tileFrom(tile));
  layout.perSource = get(json, "perSource", false);
  if (json.contains("redact")) {
    using Kind = compose::RedactSpec::Kind;
    const Json& redact = json["redact"];
    layout.redact.module = redact.at("module").get<std::string>();
    layout.redact.kind = named<Kind>({{"pixelate", Kind::pixelate}, {"blur", Kind::blur}},
                                     get<std::string>(redact, "kind", "pixelate"), "redact");
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

graph::OutputSpec outputFrom(const Json& json) {
  graph::OutputSpec output;
  output.path = get<std::string>(json, "path", "");
  output.encoder.codec = media::videoCodecNamed(get<std::string>(json, "codec", "h264"));
  output.encoder.profile = media::profileNamed(get<std::string>(json, "profile", "balanced"));
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
    output.audio = named<Audio>({{"first", Audio::first}, {"mix", Audio::mix}, {"none", Audio::none}},
                                audio.get<std::string>(), "audio");
  }
  return output;
}

}  // namespace

Json parseJson(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw Error(ErrorCode::INVALID_ARGUMENT, "The options are not JSON.");
  return json;
}

PixelFormat pixelFormatNamed(const std::string& name) {
  return named<PixelFormat>({{"rgb24", pixelFormat::rgb24},
                             {"bgr24", pixelFormat::bgr24},
                             {"rgba", pixelFormat::rgba},
                             {"gray8", pixelFormat::gray8},
                             {"nv12", pixelFormat::nv12},
                             {"yuv420p", pixelFormat::yuv420p}},
                            name, "format");
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
  using Skip = media::SkipLoopFilter;
  return named<Skip>({{"none", Skip::none}, {"nonref", Skip::nonref}, {"all", Skip::all}},
                     get<std::string>(json, "skipLoopFilter", "none"), "skipLoopFilter");
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
  using Kind = graph::SourceSpec::Kind;
  graph::SourceSpec source;
  source.id = json.at("id").get<std::string>();
  source.kind = named<Kind>({{"file", Kind::file}, {"images", Kind::images}, {"frames", Kind::frames}},
                            get<std::string>(json, "kind", "file"), "a source's kind");
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
  using Decoder = media::DecoderChoice;
  reader.decoder =
      named<Decoder>({{"auto", Decoder::automatic}, {"software", Decoder::software}, {"hardware", Decoder::hardware}},
                     get<std::string>(json, "decoder", "auto"), "decoder");
  reader.skipLoopFilter = skipLoopFilterFrom(json);
  if (json.contains("limits")) reader.limits = limitsFrom(json["limits"]);
  if (json.contains("live")) source.live = required<bool>(json, "live");
  reader.reconnects = get(json, "reconnect", reader.reconnects);
  source.width = get(json, "width", 0);
  source.height = get(json, "height", 0);
  source.fps = get(json, "fps", source.fps);
  source.format = pixelFormatNamed(get<std::string>(json, "format", "rgb24"));
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
  using track::Association;
  track::TrackerOptions tracker;
  tracker.association = named<Association>({{"standard", Association::standard}, {"bytetrack", Association::bytetrack}},
                                           get<std::string>(json, "association", "standard"), "association");
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
      using Sessions = media::SessionPolicy;
      media::EncoderOptions& encoder = spec.output->encoder;
      encoder.maxSessions = get(json, "maxEncoderSessions", 0);
      encoder.sessions = named<Sessions>({{"fallback", Sessions::fallback}, {"wait", Sessions::wait}},
                                         get<std::string>(json, "encoderSessions", "fallback"), "encoderSessions");
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
