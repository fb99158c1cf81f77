// A run's specification, as plain data. Converted once at the binding; everything behind trusts it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compose/layout.h"
#include "core/decision.h"
#include "device/device.h"
#include "generated/graph_enums.h"
#include "generated/module_defaults.h"
#include "generated/run_defaults.h"
#include "generated/source_defaults.h"
#include "graph/input.h"
#include "graph/module.h"
#include "infer/model.h"
#include "media/encoder.h"
#include "media/output.h"
#include "media/source_reader.h"
#include "track/identity.h"
#include "track/tracker.h"

namespace framepath::graph {

struct SourceSpec {
  using Kind = SourceKind;
  Kind kind = Kind::file;
  std::string id;
  media::SourceOptions reader;                        // file, images
  std::optional<bool> live;                           // absent: as the container has it
  int64_t maxAgeMs = defaults::SourceSpec::maxAgeMs;  // of a live one
  struct Recorder {
    int64_t preMs, maxBytes;
  };
  std::optional<Recorder> recorder;  // of a live one: what is kept for recordings
  // frames: pushed pixels
  int32_t width = 0, height = 0;
  PixelFormat format = pixelFormat::rgb24;
  double fps = defaults::SourceSpec::fps;
};

// Classification of another module's boxes.
struct BoxClassesOptions {
  double minSize = defaults::ClassifySpec::minSize;  // pixels of the shorter side below which a box is skipped
  double margin = defaults::ClassifySpec::margin;    // of the box's sides, added on each side
  double smooth = defaults::ClassifySpec::smooth;    // the part of what a track was before that stays, 0..1
  int32_t every = defaults::ClassifySpec::every;     // frames from one look at a track to the next
};

struct ModuleSpec {
  using Kind = ModuleKind;
  Kind kind = Kind::detect;
  std::string name;
  Policy policy;
  int32_t workers = 0;  // 0 = chosen
  infer::ModelOptions model;
  std::string of;
  BoxClassesOptions boxClasses;  // classify, with `of`
  track::TrackerOptions tracker;
  track::IdentityOptions identity;
  std::vector<std::vector<std::string>> sameScene;
  std::string bank;                  // path of saved identities
  std::vector<std::string> depends;  // js
  bool pixels = false;               // js
  bool stateless = false;            // js: any order, `workers` at once
  std::optional<InputSpec> input;    // js
};

struct OutputSpec {
  std::string name;               // unique in the run
  std::string path;               // empty: packets only
  media::EncoderOptions encoder;  // width, height: 0 = the canvas's, or in its proportions
  enum class Audio : uint8_t { first, mix, none, source } audio = Audio::first;
  int32_t audioSource = 0;  // -1: one that is to join, called audioId
  std::string audioId;
  std::map<std::string, float> audioGains;  // of `mix`: these alone, by id; empty: all, as loud as they are
  bool packets = false;
  std::optional<media::Latency> latency;            // absent: decided by the sources
  std::optional<media::DynamicRange> dynamicRange;  // the same
  media::Pieces pieces;
  bool required = false;                                 // its failure ends the run, also where others are left
  bool realtime = defaults::OutputSpec::realtime;        // packets keep to the clock on the wall
  int32_t reconnects = defaults::OutputSpec::reconnect;  // see media::OutputOptions
};

// A canvas and where it goes.
struct CompositionSpec {
  std::string name;              // unique in the run
  std::vector<int32_t> sources;  // empty: see OutputSide
  compose::LayoutSpec layout;
  std::vector<OutputSpec> outputs;
  bool canvases = false;  // each is kept for Pipeline::nextCanvas
};

struct PipelineSpec {
  Decision<std::string> device{"auto"};
  DeviceOptions deviceOptions;
  std::vector<std::string> runtimeLibraries;
  infer::ProviderChoice providers;
  std::vector<SourceSpec> sources;
  std::vector<ModuleSpec> modules;
  std::vector<CompositionSpec> compositions;
  int32_t inFlight = defaults::RunSettings::inFlight;
  int32_t resultQueue = defaults::RunSettings::resultQueue;
  int32_t keptFrames = defaults::RunSettings::keptFrames;
  bool keepPixels = false;
  bool open = false;
  bool snapshots = false;  // of identities, or of tracks where nothing identifies
  bool trace = false;
  bool rows = false;       // keep rows for MOT files: of identities, or of tracks where nothing identifies
  std::string rowsFolder;  // where; see track::RowOptions
  std::shared_ptr<SharedMemory> shared;  // where inputs of modules go; null: made when needed
};

}  // namespace framepath::graph
