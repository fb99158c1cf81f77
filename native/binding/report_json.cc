#include "binding/report_json.h"

#include <algorithm>
#include <cmath>

#include "binding/gpu_json.h"
#include "core/enum_names.h"
#include "infer/spec.h"

namespace framepath::binding {

namespace {

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

Json times(const Histogram& h) {
  Json octaves = Json::array();
  double belowMs = 0.001;
  for (const uint64_t count : h.octaves()) {
    belowMs *= 2;
    if (count) octaves.push_back({belowMs, count});
  }
  return {{"p50", rounded(h.quantileMs(0.5))},  {"p95", rounded(h.quantileMs(0.95))},
          {"p99", rounded(h.quantileMs(0.99))}, {"max", rounded(h.maxMs())},
          {"sum", rounded(h.totalMs())},        {"octaves", octaves}};
}

Json boxJson(const Box& b) {
  return {rounded(b.x1), rounded(b.y1), rounded(b.x2), rounded(b.y2)};
}

Json rateJson(const media::OutputResult& output) {
  const media::RateFigures& rate = output.rate;
  const bool told = rate.control == media::RateControl::constant || rate.control == media::RateControl::adaptive;
  const bool measured = rate.control == media::RateControl::adaptive;
  return {{"control", nameOf(rate.control)},
          {"mean", output.bitrate},
          {"target", told ? Json{{"min", rate.min}, {"mean", rate.mean}, {"max", rate.max}} : Json()},
          {"complexity", measured ? Json(rounded(rate.complexity)) : Json()}};
}

Json sourceJson(const graph::SourceReport& source) {
  Json dropped = Json::object();
  for (const auto& [cause, n] : source.counts.dropped) dropped[cause] = n;
  Json json = {{"id", source.counts.id},
               {"uri", source.uri},
               {"width", source.info.width},
               {"height", source.info.height},
               {"fps", rounded(source.info.fps.value())},
               {"in", source.counts.in},
               {"delivered", source.counts.delivered},
               {"inFlight", source.counts.inFlight},
               {"dropped", dropped},
               {"decoded", source.reader.decoded},
               {"decodedOnGpu", source.reader.decodedOnGpu},
               {"decodeErrors", source.reader.decodeErrors},
               {"skipped", source.reader.skipped},
               {"reconnects", source.reader.reconnects},
               {"reconnectsLeft", source.reader.reconnectsLeft}};
  if (source.counts.error)
    json["error"] = {{"code", errorCodeName(source.counts.error->code)}, {"message", source.counts.error->sentence}};
  return json;
}

}  // namespace

Json toJson(const media::SourceInfo& info) {
  Json audio = Json::array();
  for (const media::AudioStreamInfo& a : info.audio)
    audio.push_back({{"codec", a.codec}, {"sampleRate", a.sampleRate}, {"channels", a.channels}});
  return {{"kind", info.kind},
          {"container", info.container},
          {"codec", info.codec},
          {"pixelFormat", info.pixelFormat},
          {"width", info.width},
          {"height", info.height},
          {"codedWidth", info.codedWidth},
          {"codedHeight", info.codedHeight},
          {"rotation", info.rotation},
          {"sampleAspect", {info.sampleAspect.num, info.sampleAspect.den}},
          {"fps", rounded(info.fps.value())},
          {"durationMs", info.durationMs},
          {"frames", info.frames},
          {"bytes", info.bytes},
          {"bitrate", info.bitrate},
          {"depth", info.depth},
          {"interlaced", info.interlaced},
          {"hdr", info.hdr},
          {"live", info.live},
          {"colorMatrix", info.colorMatrix},
          {"colorRange", info.colorRange},
          {"colorTransfer", info.colorTransfer},
          {"audio", audio}};
}

Json toJson(const graph::Recovery& recovery) {
  return {{"where", recovery.where}, {"what", recovery.what}, {"reason", recovery.reason}};
}

namespace {

Json stampsJson(const std::string& stage, const graph::Stamps& stamps) {
  const auto ms = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  return {{"stage", stage},
          {"worker", stamps.worker},
          {"batch", stamps.batch},
          {"readyMs", ms(stamps.readyNs)},
          {"startMs", ms(stamps.startNs)},
          {"endMs", ms(stamps.doneNs)}};
}

}  // namespace

Json toJson(const graph::Task& task, const graph::Pipeline& pipeline) {
  const graph::Graph& graph = pipeline.graph();
  Json decode = stampsJson("decode." + pipeline.sourceId(task.source), task.decode);
  decode["result"] = "value";
  Json stages = Json::array({decode});
  for (size_t m = 0; m < graph.size(); m++) {
    if (graph.node(m).sink || !task.stamps[m].startNs) continue;  // a sink may still be at work
    const graph::Observation& says = task.observations[m];
    Json stage = stampsJson(graph.node(m).name, task.stamps[m]);
    stage["result"] = graph::kObservationNames[graph::observationKind(says.state, says.reason)];
    stages.push_back(std::move(stage));
  }
  return {{"taskId", task.id},
          {"source", pipeline.sourceId(task.source)},
          {"seq", task.seq},
          {"index", task.index},
          {"timeMs", rounded(static_cast<double>(task.ptsUs) / 1000)},
          {"stages", stages}};
}

Json toJson(const graph::Report& report) {
  Json sources = Json::array(), stages = Json::array(), models = Json::array(), recoveries = Json::array(),
       outputs = Json::array(), follow = Json::array();
  for (const graph::SourceReport& source : report.sources) sources.push_back(sourceJson(source));
  for (const graph::StageStats& s : report.stages) {
    const double capacityNs = report.wallMs * 1e6 * s.workers;
    stages.push_back({{"name", s.name},
                      {"kind", s.kind},
                      {"count", s.count},
                      {"batches", s.batches},
                      {"workers", s.workers},
                      {"failures", s.failures},
                      {"results", s.results},
                      {"queued", s.queued},
                      {"waitMs", times(s.wait)},
                      {"serviceMs", times(s.service)},
                      {"busy", capacityNs > 0 ? rounded(static_cast<double>(s.busyNs) / capacityNs) : 0}});
  }
  for (const graph::ModelReport& m : report.models)
    models.push_back({{"name", m.spec.name},
                      {"sha256", m.spec.sha256},
                      {"provider", m.provider},
                      {"falls", toJson(m.refused)},
                      {"batch", m.batch},
                      {"fixes", m.spec.fixes}});
  for (const graph::Recovery& r : report.recoveries) recoveries.push_back(toJson(r));
  for (const media::OutputResult& o : report.outputs)
    outputs.push_back({{"path", o.path},
                       {"codec", o.codec},
                       {"frames", o.frames},
                       {"durationMs", o.durationMs},
                       {"bytes", o.bytes},
                       {"bitrate", rateJson(o)},
                       {"complete", o.complete},
                       {"hasAudio", o.hasAudio}});
  for (const compose::FollowStats& f : report.follow)
    follow.push_back({{"tile", f.tile},
                      {"ticks", f.ticks},
                      {"switches", f.switches},
                      {"wideTicks", f.wideTicks},
                      {"rmsAcceleration", rounded(f.rmsAcceleration)},
                      {"maxAcceleration", rounded(f.maxAcceleration)}});
  const track::GalleryCounts reid = report.reid.value_or(track::GalleryCounts{});
  const auto copied = [&](CopyKind kind) { return report.copies[static_cast<int>(kind)]; };
  return {{"device", report.device},
          {"wallMs", rounded(report.wallMs)},
          {"cpuMs", rounded(report.cpuMs)},
          {"peakRssBytes", report.peakRssBytes},
          {"sources", sources},
          {"stages", stages},
          {"reid",
           {{"detections", reid.detections},
            {"extracted", reid.extracted},
            {"changed", reid.changed},
            {"thinned", reid.thinned},
            {"forgotten", reid.forgotten},
            {"ms", rounded(report.reidMs)}}},
          {"copies",
           {{"h2dImage", copied(CopyKind::h2dImage)},
            {"d2hImage", copied(CopyKind::d2hImage)},
            {"d2hEncode", copied(CopyKind::d2hEncode)},
            {"d2hRequested", copied(CopyKind::d2hRequested)},
            {"d2hResults", copied(CopyKind::d2hResults)}}},
          {"models", models},
          {"recoveries", recoveries},
          {"recovered", report.recovered},
          {"outputs", outputs},
          {"follow", follow},
          {"gpu", report.gpu ? toJson(*report.gpu) : Json()},
          {"live",
           {{"tasks", report.live.tasks},
            {"leases", report.live.leases},
            {"deviceBytes", report.live.deviceBytes},
            {"encoders", report.live.encoders}}}};
}

Json toJson(const graph::Progress& progress) {
  Json sources = Json::array();
  for (const auto& s : progress.sources)
    sources.push_back({{"id", s.id},
                       {"done", s.done},
                       {"total", std::max<int64_t>(s.total, 0)},
                       {"fps", rounded(s.fps)},
                       {"ended", s.ended}});
  return {{"state", progress.state},      {"sources", sources},
          {"frames", progress.frames},    {"total", std::max<int64_t>(progress.total, 0)},
          {"fps", rounded(progress.fps)}, {"etaMs", std::max(0.0, std::round(progress.etaMs))}};
}

Json toJson(const infer::ModelSpec& spec) {
  return {{"name", spec.name},
          {"file", spec.file},
          {"sha256", spec.sha256},
          {"head", nameOf(spec.head)},
          {"layout", nameOf(spec.layout)},
          {"color", nameOf(spec.bgr ? infer::ColorOrder::bgr : infer::ColorOrder::rgb)},
          {"resize", nameOf(spec.resize)},
          {"align", spec.align},
          {"metric", spec.metric},
          {"threshold", spec.threshold},
          {"mean", spec.mean},
          {"scale", spec.scale},
          {"pad", spec.pad},
          {"size", {spec.width, spec.height}},
          {"batch", spec.fixedBatch},
          {"labels", spec.labels},
          {"scoreThreshold", spec.scoreThreshold},
          {"iouThreshold", spec.iouThreshold},
          {"topK", spec.topK},
          {"embeddingDims", spec.embeddingDims},
          {"fixes", spec.fixes}};
}

Json toJson(const std::vector<infer::RefusedProvider>& refused) {
  Json json = Json::array();
  for (const infer::RefusedProvider& one : refused)
    json.push_back({{"provider", one.provider}, {"reason", one.reason}});
  return json;
}

Json timelineJson(graph::Pipeline& pipeline) {
  Json identities = Json::array();
  const track::RelinkRef linked = pipeline.relink();
  for (const track::Identity& identity : linked->identities) {
    Json subIds = Json::array(), spans = Json::array();
    for (const track::SubId& sub : identity.subIds)
      subIds.push_back({{"source", pipeline.sourceId(sub.source)}, {"track", sub.track}});
    for (const track::Span& span : identity.spans)
      spans.push_back({{"source", pipeline.sourceId(span.source)},
                       {"startMs", rounded(static_cast<double>(span.startUs) / 1000)},
                       {"endMs", rounded(static_cast<double>(span.endUs) / 1000)}});
    const track::BestShot& best = identity.best;
    identities.push_back({{"id", identity.id},
                          {"subIds", subIds},
                          {"spans", spans},
                          {"frames", identity.frames},
                          {"best",
                           {{"source", pipeline.sourceId(best.source)},
                            {"timeMs", rounded(static_cast<double>(best.ptsUs) / 1000)},
                            {"box", boxJson(best.box)},
                            {"score", rounded(best.score)}}}});
  }
  return {{"identities", identities}};
}

Json toJson(const DeviceProbe& probe) {
  Json json{{"usable", probe.usable()},
            {"library", probe.library},
            {"driverVersion", probe.driverVersion},
            {"name", probe.name},
            {"computeCapability", {probe.computeMajor, probe.computeMinor}},
            {"multiprocessors", probe.multiprocessors},
            {"totalBytes", probe.totalBytes},
            {"freeBytes", probe.freeBytes},
            {"kernels", probe.kernels},
            {"steps", Json::array()}};
  for (const ProbeStep& step : probe.steps)
    json["steps"].push_back({{"name", step.name}, {"works", step.works}, {"says", step.found}, {"hint", step.hint}});
  return json;
}

Json relinkJson(graph::Pipeline& pipeline) {
  Json merged = Json::array();
  const track::RelinkRef linked = pipeline.relink();
  for (const auto& [online, final] : linked->merged) merged.push_back({online, final});
  return {{"merged", merged}};
}

}  // namespace framepath::binding
