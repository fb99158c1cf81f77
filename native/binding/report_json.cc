#include "binding/report_json.h"

#include <algorithm>

#include "binding/gpu_json.h"
#include "core/enum_names.h"

namespace framepath::binding {
namespace {

double msOf(int64_t us) {
  return static_cast<double>(us) / 1000;
}

schema::Percentiles percentilesOf(const Histogram& times) {
  std::vector<std::tuple<double, int64_t>> octaves;
  double belowMs = 0.001;
  for (const uint64_t count : times.octaves()) {
    belowMs *= 2;
    if (count) octaves.emplace_back(belowMs, static_cast<int64_t>(count));
  }
  return {.p50 = times.quantileMs(0.5),
          .p95 = times.quantileMs(0.95),
          .p99 = times.quantileMs(0.99),
          .max = times.maxMs(),
          .sum = times.totalMs(),
          .octaves = octaves};
}

schema::BitrateReport bitrateReport(const media::OutputResult& output) {
  const media::RateFigures& rate = output.rate;
  std::optional<schema::BitrateTarget> target;
  std::optional<double> complexity;
  switch (rate.control) {
    case media::RateControl::quality:
    case media::RateControl::capped: break;
    case media::RateControl::adaptive: complexity = rate.complexity; [[fallthrough]];
    case media::RateControl::constant:
      target = schema::BitrateTarget{.min = rate.min, .mean = rate.mean, .max = rate.max};
  }
  return {.control = rate.control, .mean = output.bitrate, .target = target, .complexity = complexity};
}

std::optional<schema::CodedError> codedError(const std::optional<Error>& error) {
  if (!error) return std::nullopt;
  return schema::CodedError{.code = error->code, .message = error->sentence};
}

schema::OutputReport outputReport(const graph::OutputReport& output) {
  const media::OutputResult& result = output.result;
  std::vector<schema::SilentAudio> silence;
  for (const graph::OutputReport::Silence& silent : output.silence)
    silence.push_back({.source = silent.source, .ms = silent.ms});
  return {.name = output.name,
          .composition = output.composition,
          .path = result.path,
          .codec = result.codec,
          .dynamicRange = output.dynamicRange,
          .width = output.width,
          .height = output.height,
          .frames = result.frames,
          .dropped = output.dropped,
          .durationMs = result.durationMs,
          .bytes = result.bytes,
          .bitrate = bitrateReport(result),
          .latencyMs = percentilesOf(output.latency),
          .connection = output.connection,
          .reconnects = output.reconnects,
          .lost = output.lost,
          .complete = result.complete,
          .hasAudio = result.hasAudio,
          .silence = silence,
          .error = codedError(output.error)};
}

schema::SourceReport sourceReport(const graph::SourceReport& source) {
  std::optional<schema::CanvasReport> canvas;
  if (source.canvas)
    canvas = schema::CanvasReport{.shown = source.canvas->shown,
                                  .skipped = source.canvas->skipped,
                                  .repeated = source.canvas->repeated,
                                  .cards = source.canvas->cards};
  return {.id = source.counts.id,
          .uri = source.uri,
          .width = source.info.width,
          .height = source.info.height,
          .fps = source.info.fps.value(),
          .in = source.counts.in,
          .delivered = source.counts.delivered,
          .dropped = source.counts.dropped,
          .latencyMs = percentilesOf(source.counts.latency),
          .inFlight = source.counts.inFlight,
          .decoded = source.reader.decoded,
          .decodeErrors = source.reader.decodeErrors,
          .decodedOnGpu = source.reader.decodedOnGpu,
          .skipped = source.reader.skipped,
          .reconnects = source.reader.reconnects,
          .reconnectsLeft = source.reader.reconnectsLeft,
          .canvas = canvas,
          .error = codedError(source.counts.error)};
}

schema::StageReport stageReport(const graph::StageStats& stage, double wallMs) {
  const double capacityNs = wallMs * 1e6 * stage.workers;
  return {.name = stage.name,
          .kind = stage.kind,
          .count = stage.count,
          .batches = stage.batches,
          .workers = stage.workers,
          .failures = stage.failures,
          .results = stage.results,
          .queued = stage.queued,
          .waitMs = percentilesOf(stage.wait),
          .serviceMs = percentilesOf(stage.service),
          .busy = capacityNs > 0 ? static_cast<double>(stage.busyNs) / capacityNs : 0.0};
}

schema::ModelReport modelReport(const graph::ModelReport& model) {
  return {.name = model.spec.name,
          .sha256 = model.spec.sha256,
          .provider = providerNamed(model.provider),
          .falls = toSchema(model.refused),
          .batch = model.batch,
          .fixes = model.spec.fixes};
}

schema::FollowReport followReport(const graph::FollowReport& report) {
  const compose::FollowStats& follow = report.stats;
  return {.composition = report.composition,
          .tile = follow.tile,
          .ticks = follow.ticks,
          .switches = follow.switches,
          .wideTicks = follow.wideTicks,
          .rmsAcceleration = follow.rmsAcceleration,
          .maxAcceleration = follow.maxAcceleration};
}

schema::StageTimes stageTimes(const std::string& stage, const graph::Stamps& stamps, const std::string& result) {
  const auto ms = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  return {.stage = stage,
          .worker = stamps.worker,
          .batch = stamps.batch,
          .readyMs = ms(stamps.readyNs),
          .startMs = ms(stamps.startNs),
          .endMs = ms(stamps.doneNs),
          .result = result};
}

schema::Identity identitySchema(const track::Identity& identity, const graph::Pipeline& pipeline) {
  std::vector<schema::SubId> subIds;
  std::vector<schema::Span> spans;
  for (const track::SubId& sub : identity.subIds)
    subIds.push_back({.source = pipeline.sourceId(sub.source), .track = sub.track});
  for (const track::Span& span : identity.spans)
    spans.push_back(
        {.source = pipeline.sourceId(span.source), .startMs = msOf(span.startUs), .endMs = msOf(span.endUs)});
  const track::BestShot& best = identity.best;
  const schema::BestShot shot{.source = pipeline.sourceId(best.source),
                              .timeMs = msOf(best.ptsUs),
                              .box = schema::Box{best.box.x1, best.box.y1, best.box.x2, best.box.y2},
                              .score = best.score};
  return {.id = identity.id, .subIds = subIds, .spans = spans, .frames = identity.frames, .best = shot};
}

template <typename From, typename Make>
auto each(const std::vector<From>& from, Make make) {
  std::vector<decltype(make(from.front()))> all;
  all.reserve(from.size());
  for (const From& one : from) all.push_back(make(one));
  return all;
}

}  // namespace

infer::Provider providerNamed(const std::string& name) {
  if (const std::optional<infer::Provider> provider = valueNamed<infer::Provider>(name)) return *provider;
  throw Error(ErrorCode::INTERNAL, "There is no execution provider " + name + ".");
}

std::vector<schema::ProviderFallback> toSchema(const std::vector<infer::RefusedProvider>& refused) {
  std::vector<schema::ProviderFallback> all;
  for (const infer::RefusedProvider& one : refused)
    all.push_back({.provider = providerNamed(one.provider), .reason = one.reason});
  return all;
}

schema::Recovery toSchema(const graph::Recovery& recovery) {
  return {.where = recovery.where, .what = recovery.what, .reason = recovery.reason};
}

schema::SampledFrame sampledFrame(const graph::Task& task, const graph::Pipeline& pipeline) {
  const graph::Graph& graph = pipeline.graph();
  std::vector<schema::StageTimes> stages;
  stages.push_back(stageTimes("decode." + pipeline.sourceId(task.source), task.decode, "value"));
  for (size_t m = 0; m < graph.size(); m++) {
    if (graph.node(m).sink || !task.stamps[m].startNs) continue;  // a sink may still be at work
    const graph::Observation& result = task.observations[m];
    stages.push_back(stageTimes(graph.node(m).name, task.stamps[m],
                                graph::kObservationNames[graph::observationKind(result.state, result.reason)]));
  }
  return {.source = pipeline.sourceId(task.source),
          .seq = task.seq,
          .index = task.index,
          .timeMs = msOf(task.ptsUs),
          .stages = stages,
          .taskId = task.id};
}

schema::Report toSchema(const graph::Report& report) {
  const track::GalleryCounts reid = report.reid.value_or(track::GalleryCounts{});
  const auto copied = [&](CopyKind kind) { return report.copies[static_cast<int>(kind)]; };
  std::optional<schema::GpuReport> gpu;
  if (report.gpu) gpu = toSchema(*report.gpu);
  return {.device = report.device,
          .wallMs = report.wallMs,
          .cpuMs = report.cpuMs,
          .peakRssBytes = report.peakRssBytes,
          .sources = each(report.sources, sourceReport),
          .stages = each(report.stages, [&](const graph::StageStats& one) { return stageReport(one, report.wallMs); }),
          .reid = schema::ReidReport{.detections = reid.detections,
                                     .extracted = reid.extracted,
                                     .changed = reid.changed,
                                     .thinned = reid.thinned,
                                     .forgotten = reid.forgotten,
                                     .ms = report.reidMs},
          .copies = schema::CopiesReport{.h2dImage = copied(CopyKind::h2dImage),
                                         .d2hImage = copied(CopyKind::d2hImage),
                                         .d2hEncode = copied(CopyKind::d2hEncode),
                                         .d2hRequested = copied(CopyKind::d2hRequested),
                                         .d2hResults = copied(CopyKind::d2hResults)},
          .models = each(report.models, modelReport),
          .recoveries = each(report.recoveries, [](const graph::Recovery& one) { return toSchema(one); }),
          .recovered = report.recovered,
          .outputs = each(report.outputs, outputReport),
          .recordings = each(report.recordings, [](const graph::RecordingReport& one) { return toSchema(one); }),
          .follow = each(report.follow, followReport),
          .gpu = gpu,
          .live = schema::LiveReport{.tasks = report.live.tasks,
                                     .leases = report.live.leases,
                                     .deviceBytes = report.live.deviceBytes,
                                     .encoders = report.live.encoders}};
}

schema::Recording toSchema(const graph::RecordingReport& recording) {
  const media::ClipResult& clip = recording.clip;
  return {.source = recording.source,
          .path = clip.path,
          .preMs = clip.preMs,
          .durationMs = clip.durationMs,
          .frames = clip.frames,
          .bytes = clip.bytes,
          .gaps = clip.gaps,
          .dropped = clip.dropped,
          .hasAudio = clip.hasAudio,
          .complete = clip.complete,
          .error = codedError(recording.error)};
}

schema::Progress toSchema(const graph::Progress& progress) {
  std::vector<schema::SourceProgress> sources;
  for (const graph::Progress::Source& source : progress.sources)
    sources.push_back({.id = source.id,
                       .done = source.done,
                       .total = std::max<int64_t>(source.total, 0),
                       .fps = source.fps,
                       .ended = source.ended});
  return {.state = progress.state,
          .sources = sources,
          .frames = progress.frames,
          .total = std::max<int64_t>(progress.total, 0),
          .fps = progress.fps,
          .etaMs = std::max(0.0, progress.etaMs)};
}

schema::Timeline timelineOf(graph::Pipeline& pipeline) {
  std::vector<schema::Identity> identities;
  const track::RelinkRef linked = pipeline.relink();
  for (const track::Identity& identity : linked->identities) identities.push_back(identitySchema(identity, pipeline));
  return {.identities = identities};
}

schema::Relink relinkOf(graph::Pipeline& pipeline) {
  std::vector<std::tuple<int32_t, int32_t>> merged;
  const track::RelinkRef linked = pipeline.relink();
  for (const auto& [online, final] : linked->merged) merged.emplace_back(online, final);
  return {.merged = merged};
}

}  // namespace framepath::binding
