#include "binding/gpu_json.h"

#include <cmath>

#include "core/enum_names.h"
#include "core/error.h"

namespace framepath::binding {

using telemetry::GpuMetric;
using telemetry::kGpuMetrics;

namespace {

double tenths(double value) {
  return std::round(value * 10) / 10;
}

Json factsJson(const telemetry::GpuFacts& facts) {
  return {{"name", facts.name},         {"driver", facts.driver}, {"uuid", facts.uuid},
          {"pciBusId", facts.pciBusId}, {"mig", facts.mig},       {"memoryTotalBytes", facts.memoryTotalBytes}};
}

// What a summary and a single reading have in common; `valueOf` writes one metric that is there.
template <typename Metrics, typename ValueOf>
void addMetrics(Json& json, const Metrics& metrics, const std::array<std::string, kGpuMetrics>& reasons,
                double encoderMs, double decoderMs, ValueOf valueOf) {
  Json missing = Json::object();
  for (size_t m = 0; m < kGpuMetrics; m++) {
    const char* name = nameOf(static_cast<GpuMetric>(m));
    json[name] = metrics[m] ? valueOf(*metrics[m]) : Json();
    if (!reasons[m].empty()) missing[name] = reasons[m];
  }
  json["samplingMs"] = {{"encoder", encoderMs}, {"decoder", decoderMs}};
  json["missing"] = missing;
}

}  // namespace

Json toJson(const telemetry::GpuSummary& summary) {
  Json json = factsJson(summary.facts);
  json["error"] = summary.error.empty() ? Json() : Json(summary.error);
  json["samples"] = summary.samples;
  addMetrics(json, summary.metrics, summary.reasons, summary.encoderPeriodMs, summary.decoderPeriodMs,
             [](const telemetry::GpuRange& range) {
               return Json{{"mean", tenths(range.mean)}, {"max", tenths(range.max)}, {"last", tenths(range.last)}};
             });
  return json;
}

Json gpusJson(const std::string& cudaBusId) {
  try {
    const telemetry::GpuList list = telemetry::Gpu::all();
    Json gpus = Json::array();
    for (const telemetry::Gpu& gpu : list.gpus) {
      const telemetry::GpuReading reading = gpu.read();
      Json json = factsJson(gpu.facts());
      json["device"] = !cudaBusId.empty() && gpu.facts().pciBusId == cudaBusId ? Json("cuda:0") : Json();
      addMetrics(json, reading.values, reading.reasons, reading.encoderPeriodMs, reading.decoderPeriodMs,
                 [](double value) { return Json(tenths(value)); });
      gpus.push_back(std::move(json));
    }
    return {{"gpus", gpus}, {"unreadable", list.unreadable}};
  } catch (const Error& error) {
    return {{"error", error.sentence}, {"hint", error.hint}};
  }
}

}  // namespace framepath::binding
