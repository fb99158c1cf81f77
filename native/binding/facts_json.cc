#include "binding/facts_json.h"

#include "binding/gpu_json.h"
#include "binding/json.h"
#include "binding/report_json.h"
#include "device/device.h"
#include "device/probe.h"
#include "infer/runtime.h"
#include "infer/spec.h"
#include "media/gpu_codecs.h"
#include "media/versions.h"

namespace framepath::binding {
namespace {

template <typename T, size_t N>
std::vector<double> numbersOf(const std::array<T, N>& values) {
  return {values.begin(), values.end()};
}

schema::GpuVideo gpuVideo(const media::GpuCodecs& codecs) {
  std::vector<schema::VideoFormat> decodes;
  for (const media::NvdecFormat& format : codecs.decodes.formats)
    decodes.push_back({.codec = format.codec,
                       .chroma = format.chroma,
                       .depth = format.depth,
                       .from = std::array{format.minWidth, format.minHeight},
                       .to = std::array{format.maxWidth, format.maxHeight}});
  std::optional<std::string> decodesNothing;
  if (!codecs.decodes.unavailable.empty()) decodesNothing = codecs.decodes.unavailable;
  std::map<std::string, std::variant<bool, std::string>> encodes;
  for (const auto& [codec, whyNot] : codecs.encodes) {
    if (whyNot.empty())
      encodes[codec] = true;
    else
      encodes[codec] = whyNot;
  }
  return {.decodes = decodes, .decodesNothing = decodesNothing, .encodes = encodes};
}

schema::GpuProbe gpuProbe(const DeviceProbe& probe) {
  std::vector<schema::DeviceProbeStep> steps;
  for (const ProbeStep& step : probe.steps)
    steps.push_back({.name = step.name, .works = step.works, .result = step.found, .hint = step.hint});
  std::optional<schema::GpuVideo> video;
  if (probe.usable()) video = gpuVideo(media::gpuCodecs(openDevice("cuda:0")));
  return {.usable = probe.usable(),
          .library = probe.library,
          .driverVersion = probe.driverVersion,
          .name = probe.name,
          .computeCapability = std::array{probe.computeMajor, probe.computeMinor},
          .multiprocessors = probe.multiprocessors,
          .totalBytes = probe.totalBytes,
          .freeBytes = probe.freeBytes,
          .kernels = probe.kernels,
          .steps = steps,
          .video = video};
}

std::variant<schema::RuntimeFound, schema::RuntimeMissing> runtimeFindings(const std::vector<std::string>& libraries) {
  try {
    const auto runtime = infer::openRuntime(libraries);  // whose info it is
    const infer::RuntimeInfo& info = runtime->info();
    return schema::RuntimeFound{.path = info.path, .version = info.version, .tried = info.tried};
  } catch (const Error& e) {
    return schema::RuntimeMissing{.error = schema::RuntimeError{.code = e.code, .message = e.sentence, .hint = e.hint}};
  }
}

}  // namespace

schema::SourceInfo toSchema(const media::SourceInfo& info) {
  std::vector<schema::AudioInfo> audio;
  for (const media::AudioStreamInfo& stream : info.audio)
    audio.push_back({.codec = stream.codec, .sampleRate = stream.sampleRate, .channels = stream.channels});
  return {.kind = info.kind,
          .container = info.container,
          .codec = info.codec,
          .pixelFormat = info.pixelFormat,
          .width = info.width,
          .height = info.height,
          .codedWidth = info.codedWidth,
          .codedHeight = info.codedHeight,
          .rotation = info.rotation,
          .sampleAspect = std::array{info.sampleAspect.num, info.sampleAspect.den},
          .fps = info.fps.value(),
          .durationMs = info.durationMs,
          .frames = info.frames,
          .bytes = info.bytes,
          .bitrate = info.bitrate,
          .depth = info.depth,
          .interlaced = info.interlaced,
          .hdr = info.hdr,
          .live = info.live,
          .colorMatrix = info.colorMatrix,
          .colorRange = info.colorRange,
          .colorTransfer = info.colorTransfer,
          .audio = audio};
}

schema::ModelFindings findingsOf(const infer::Model& model, const std::string& device) {
  const infer::ModelSpec& spec = model.spec();
  return {.name = spec.name,
          .file = spec.file,
          .sha256 = spec.sha256,
          .head = spec.head,
          .layout = spec.layout,
          .color = spec.bgr ? infer::ColorOrder::bgr : infer::ColorOrder::rgb,
          .resize = spec.resize,
          .align = spec.align,
          .metric = spec.metric,
          .threshold = spec.threshold,
          .mean = numbersOf(spec.mean),
          .scale = numbersOf(spec.scale),
          .pad = spec.pad,
          .size = std::array{spec.width, spec.height},
          .batch = spec.fixedBatch,
          .labels = spec.labels,
          .scoreThreshold = spec.scoreThreshold,
          .iouThreshold = spec.iouThreshold,
          .topK = spec.topK,
          .embeddingDims = spec.embeddingDims,
          .fixes = spec.fixes,
          .device = device,
          .largestBatch = model.batch(),
          .provider = model.provider(),
          .falls = toSchema(model.refusedProviders())};
}

schema::StageFigures toSchema(const bench::Figures& figures) {
  std::map<std::string, std::variant<int64_t, double, std::string>> facts;
  for (const auto& [name, fact] : figures.facts)
    std::visit([&, &to = facts[name]](const auto& value) { to = value; }, fact);
  return {.stage = *valueNamed<bench::Stage>(figures.stage),
          .unit = figures.unit,
          .items = figures.items,
          .wallMs = figures.wallMs,
          .cpuMs = figures.cpuMs,
          .facts = facts};
}

std::optional<schema::BundledLibraries> bundledLibraries() {
  const std::string text = media::bundledLibraries();
  if (text.empty()) return std::nullopt;
  const Json about = parseJson(text);
  const auto field = [](const Json& of, const char* name) { return of.value(name, ""); };
  std::vector<schema::BundledSource> sources;
  for (const Json& one : about.at("sources"))
    sources.push_back({.name = field(one, "name"),
                       .version = field(one, "version"),
                       .licence = field(one, "licence"),
                       .file = field(one, "file"),
                       .sha256 = field(one, "sha256")});
  return schema::BundledLibraries{.name = field(about, "name"),
                                  .licence = field(about, "licence"),
                                  .ffmpeg = field(about, "ffmpeg"),
                                  .configure = field(about, "configure"),
                                  .sources = sources};
}

schema::MachineFindings machineFindings(const std::vector<std::string>& runtimeLibraries) {
  const DeviceProbe gpu = probeCuda();
  std::vector<schema::DeviceFound> devices;
  devices.push_back({.id = "cpu", .description = openDevice("cpu")->description(), .error = std::nullopt});
  if (gpu.usable())
    devices.push_back({.id = "cuda:0", .description = gpu.description, .error = std::nullopt});
  else
    devices.push_back({.id = "cuda:0", .description = std::nullopt, .error = gpu.steps.back().found});
  return {.libav = media::libavVersions(),
          .bundle = bundledLibraries(),
          .encoders = media::availableEncoders(),
          .runtime = runtimeFindings(runtimeLibraries),
          .devices = devices,
          .cuda = gpuProbe(gpu),
          .nvml = gpusFound(gpu.pciBusId)};
}

}  // namespace framepath::binding
