// What a run did and where its time went.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/canvas_source.h"
#include "graph/engine.h"
#include "graph/output_report.h"
#include "graph/stage_stats.h"
#include "infer/model.h"
#include "media/clip.h"
#include "media/source_info.h"
#include "media/source_reader.h"
#include "telemetry/gpu_sampler.h"
#include "track/identity.h"

namespace framepath::graph {

struct SourceReport {
  std::string uri;
  SourceCounts counts;
  media::SourceInfo info;
  media::ReaderCounters reader;
  std::optional<CanvasCounts> canvas;  // none: nothing is composed
};

struct ModelReport {
  infer::ModelSpec spec;
  std::string provider;
  std::vector<infer::RefusedProvider> refused;
  int32_t batch = 1;
};

struct Recovery {
  std::string where;  // source or module
  std::string what;
  std::string reason;
};

// A clip that was asked for and has ended.
struct RecordingReport {
  std::string source;
  media::ClipResult clip;
  std::optional<Error> error;  // why there is none
};

struct Report {
  std::string device;
  double wallMs = 0, cpuMs = 0;
  int64_t peakRssBytes = 0;
  std::vector<SourceReport> sources;
  std::vector<StageStats> stages;
  std::optional<track::GalleryCounts> reid;
  double reidMs = 0;
  uint64_t copies[static_cast<int>(CopyKind::count)] = {};
  std::vector<ModelReport> models;
  std::vector<Recovery> recoveries;          // the latest
  std::map<std::string, int64_t> recovered;  // what -> how often, all of them
  std::vector<OutputReport> outputs;
  std::vector<RecordingReport> recordings;
  std::vector<FollowReport> follow;
  std::optional<telemetry::GpuSummary> gpu;  // of the run's device, while the run was
  struct Live {
    int64_t tasks = 0, leases = 0;
    size_t deviceBytes = 0;
    int64_t encoders = 0;  // one that holds long may be freed after close()
  } live;
};

struct Progress {
  std::string state;
  struct Source {
    std::string id;
    int64_t done = 0, total = -1;  // frames; -1 unknown
    double fps = 0;
    bool ended = false;  // delivers nothing more
  };
  std::vector<Source> sources;
  int64_t frames = 0, total = -1;
  double fps = 0, etaMs = -1;
};

}  // namespace framepath::graph
