#include "binding/gpu_json.h"

#include "core/enum_names.h"
#include "core/error.h"

namespace framepath::binding {
namespace {

std::map<std::string, std::string> missingMetrics(const std::array<std::string, telemetry::kGpuMetrics>& reasons) {
  std::map<std::string, std::string> missing;
  for (size_t m = 0; m < reasons.size(); m++)
    if (!reasons[m].empty()) missing[nameOf(static_cast<telemetry::GpuMetric>(m))] = reasons[m];
  return missing;
}

schema::GpuFound gpuFound(const telemetry::Gpu& gpu, const std::string& cudaBusId) {
  const telemetry::GpuFacts& facts = gpu.facts();
  const telemetry::GpuReading reading = gpu.read();
  const auto metric = [&](telemetry::GpuMetric m) { return reading.values[static_cast<size_t>(m)]; };
  std::optional<std::string> device;
  if (!cudaBusId.empty() && facts.pciBusId == cudaBusId) device = "cuda:0";
  return {.name = facts.name,
          .driver = facts.driver,
          .uuid = facts.uuid,
          .pciBusId = facts.pciBusId,
          .mig = facts.mig,
          .memoryTotalBytes = facts.memoryTotalBytes,
          .sm = metric(telemetry::GpuMetric::sm),
          .memoryController = metric(telemetry::GpuMetric::memoryController),
          .encoder = metric(telemetry::GpuMetric::encoder),
          .decoder = metric(telemetry::GpuMetric::decoder),
          .memoryBytes = metric(telemetry::GpuMetric::memoryBytes),
          .temperatureC = metric(telemetry::GpuMetric::temperatureC),
          .powerW = metric(telemetry::GpuMetric::powerW),
          .samplingMs = schema::SamplingPeriods{.encoder = reading.encoderPeriodMs, .decoder = reading.decoderPeriodMs},
          .missing = missingMetrics(reading.reasons),
          .device = device};
}

}  // namespace

schema::GpuReport toSchema(const telemetry::GpuSummary& summary) {
  const telemetry::GpuFacts& facts = summary.facts;
  const auto metric = [&](telemetry::GpuMetric m) -> std::optional<schema::Range> {
    const std::optional<telemetry::GpuRange>& range = summary.metrics[static_cast<size_t>(m)];
    if (!range) return std::nullopt;
    return schema::Range{.mean = range->mean, .max = range->max, .last = range->last};
  };
  std::optional<std::string> error;
  if (!summary.error.empty()) error = summary.error;
  return {.error = error,
          .name = facts.name,
          .driver = facts.driver,
          .uuid = facts.uuid,
          .pciBusId = facts.pciBusId,
          .mig = facts.mig,
          .memoryTotalBytes = facts.memoryTotalBytes,
          .samples = summary.samples,
          .sm = metric(telemetry::GpuMetric::sm),
          .memoryController = metric(telemetry::GpuMetric::memoryController),
          .encoder = metric(telemetry::GpuMetric::encoder),
          .decoder = metric(telemetry::GpuMetric::decoder),
          .memoryBytes = metric(telemetry::GpuMetric::memoryBytes),
          .temperatureC = metric(telemetry::GpuMetric::temperatureC),
          .powerW = metric(telemetry::GpuMetric::powerW),
          .samplingMs = schema::SamplingPeriods{.encoder = summary.encoderPeriodMs, .decoder = summary.decoderPeriodMs},
          .missing = missingMetrics(summary.reasons)};
}

std::variant<schema::GpusFound, schema::GpusUnread> gpusFound(const std::string& cudaBusId) {
  try {
    const telemetry::GpuList list = telemetry::Gpu::all();
    std::vector<schema::GpuFound> gpus;
    for (const telemetry::Gpu& gpu : list.gpus) gpus.push_back(gpuFound(gpu, cudaBusId));
    return schema::GpusFound{.gpus = gpus, .unreadable = list.unreadable};
  } catch (const Error& error) {
    return schema::GpusUnread{.error = error.sentence, .hint = error.hint};
  }
}

}  // namespace framepath::binding
