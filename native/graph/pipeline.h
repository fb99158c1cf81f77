// One run from its spec: opens everything, starts the engine and the programme, ends them, and knows the report.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/interrupt.h"
#include "core/stop.h"
#include "graph/engine.h"
#include "graph/external.h"
#include "graph/native_modules.h"
#include "graph/pipeline_spec.h"
#include "graph/programme.h"
#include "graph/report.h"
#include "graph/shots.h"
#include "graph/sources.h"
#include "graph/trace.h"
#include "infer/runtime.h"
#include "telemetry/gpu_sampler.h"

namespace framepath::graph {

struct PipelineHooks {
  // A JS module's turn; module = position in the spec. See ExternalModule::Ask.
  std::function<void(int32_t module, const TaskRef& task, int64_t attempt, const InputRef& input)> ask;
  std::function<void(const Recovery&)>
      recovered;  // something was lost and the run goes on; from any thread, may be empty
  // A sampled frame has its results (Engine::sample); from any thread.
  std::function<void(const Task& task)> sampled;
};

// What a recovery says of a module that was to read its pixels on the GPU.
inline constexpr const char* kPixelsOnHost = "pixels in memory of the host, not of the GPU";
// Of an identifier: rows for MOT files could not be kept to the end; the end of the run came before that of relinking,
// or of writing rows.
inline constexpr const char* kRowsLost = "rows of the MOT file from here on lost";
inline constexpr const char* kRelinkCut = "some identities not merged";
inline constexpr const char* kMotCut = "MOT file cut short";

// start(), end() and close() block: call them from a thread of their own. Everything else returns at once. Thread-safe,
// but before start() has returned only stop(), end(), close(), done() and progress() may be called.
class Pipeline {
 public:
  using Done = std::function<void(std::optional<Error>)>;

  Pipeline(PipelineSpec spec, PipelineHooks hooks);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  const PipelineSpec& spec() const { return spec_; }

  // Opens sources, models, encoder and output, then starts. Throws whatever does not fit; close() is still needed.
  void start();
  // The first step of an end: sources and modules stop, at once. The next ones are waited for.
  void stop();
  // Returns when the run is over, within two seconds; what it found can still be asked for. drain: what is composed is
  // still encoded. Idempotent, from every state.
  void end(bool drain);
  // end(), and everything is freed. Idempotent, from every state.
  void close(bool drain);
  // Called once, when everything is over (outputs finished too): at once if it is. Must not call close().
  void done(Done callback);

  void next(size_t max, Engine::NextCallback callback);
  void discard();
  void nextPacket(Programme::PacketCallback callback);
  void answer(int32_t module, int64_t taskId, int64_t attempt, ExternalModule::Answer answer);
  TaskRef asked(int32_t module, int64_t taskId) const;

  void addSource(const SourceSpec& spec);  // blocks while opening
  void removeSource(const std::string& id, std::function<void()> removed);
  void pushFrame(const std::string& source, const uint8_t* bytes, size_t size, int64_t ptsUs,
                 PushedSource::Taken taken);
  void endFrames(const std::string& source, std::optional<Error> error);
  // GRAPH_INVALID where a module needs the frames of a source in order: it has no result for a single picture.
  void checkSubmit() const;
  void submit(FrameRef frame, std::function<void(const TaskRef&)> finished);
  StopRef closing() const { return closing_; }  // whatever is being opened for this run gives up with it
  Device& device() { return *device_; }
  std::shared_ptr<Device> deviceRef() { return device_; }

  // While the run goes: from its hooks.
  const Graph& graph() const { return *graph_; }
  // Position of a spec's module in Task::observations.
  int32_t observationOf(size_t specModule) const { return observationOf_[specModule]; }
  const std::vector<std::string>* labelsOf(size_t specModule) const;

  // Every Nth frame of each source is told to the hook `sampled`; 0: none. Nothing to do in a closed run.
  void sample(int64_t every);
  // A thread or process answered for a JS module: for the trace, where one is kept.
  void hostServed(Span span);
  // Something was lost and the run goes on: for the report and the hook.
  void recovered(Recovery recovery);

  Progress progress() const;
  Report report() const;
  // These five block, for minutes at worst. What relinking found is shared by all who ask while nothing new was seen.
  track::RelinkRef relink();  // empty where nothing identifies
  std::unique_ptr<track::FinalRows> rows(int32_t source);  // null where none are kept
  bool onlyTracks() const { return onlyTracks_; }          // rows and shots are of tracks, nobody is identified
  std::vector<uint8_t> contactSheet();                     // empty when nobody was seen, and after close()
  std::vector<uint8_t> bank();
  // Merging and writing of rows end by this time (nowNs()), as far as they are; INT64_MAX: take their time again.
  void endLinkingAt(int64_t ns);
  bool linkingEnded() const;
  const Trace* trace() const { return trace_.get(); }  // null unless asked for
  int64_t startNs() const;
  std::string sourceId(int32_t source) const;

 private:
  // What is known of a source, also when it is gone. What it reads with is its session's.
  struct SourceFile {
    SourceSpec spec;
    media::SourceInfo info;
    std::weak_ptr<PushedSource> pushed;

    bool live() const { return spec.live.value_or(false); }  // once open
  };
  struct OpenedSource {
    SourceFile file;
    std::shared_ptr<FrameSource> frames;
    std::shared_ptr<media::TimeCuts> cuts;  // shared with the reader of its audio
  };

  OpenedSource openOne(const SourceSpec& spec, int32_t sourceCount);
  void open();
  std::shared_ptr<infer::Model> loadModel(ModuleSpec& spec);
  void tellFalls(const ModuleSpec& spec, const infer::Model& model);
  std::vector<ModuleNode> buildNodes();
  void recordTracks(std::vector<ModuleNode>& nodes);
  ModuleNode externalNode(const ModuleSpec& spec, int32_t module);
  std::shared_ptr<DeviceSlots> deviceSlotsFor(const ModuleSpec& spec);
  IdentityState openIdentities(ModuleSpec& spec, const infer::Model* model);
  track::RelinkRef relinked();
  std::shared_ptr<Programme> openProgramme(const std::vector<OpenedSource>& opened);
  std::vector<StageStats> stagesLocked() const;
  std::vector<SourceCounts> countsLocked() const;
  std::vector<media::AudioInput> audioInputs(const std::vector<OpenedSource>& opened);
  static bool soundPasses(const SourceFile& source);
  bool soundsJoin() const;
  media::AudioInput audioInput(const OpenedSource& source, size_t number) const;
  media::SoundRef openJoiningSound(const OpenedSource& source, size_t number);
  std::optional<Recovery> soundNeverCame() const;
  SourceFacts factsOf(int32_t source) const;
  int32_t positionOf(const std::string& name) const;
  std::shared_ptr<Engine> engine() const;  // throws RUN_CLOSED when there is none
  std::shared_ptr<Programme> programme() const;
  std::shared_ptr<Shots> bestShots() const;
  void sourceFinished(Engine& engine, Programme* programme, int32_t source);
  void finishRun();
  media::OutputResult outputSoFar(const Programme& programme) const;

  PipelineSpec spec_;
  const PipelineHooks hooks_;
  const std::shared_ptr<Trace> trace_;
  std::shared_ptr<Device> device_;
  std::unique_ptr<telemetry::GpuSampler> gpu_;  // of a CUDA device
  std::shared_ptr<infer::Runtime> runtime_;
  std::vector<int32_t> observationOf_;
  std::vector<std::shared_ptr<infer::Model>> models_;  // per spec module, null where there is none
  std::vector<std::vector<std::string>> labels_;       // per spec module; stay after close()
  std::map<int32_t, std::shared_ptr<ExternalModule>> externals_;
  std::weak_ptr<DeviceSlots> deviceSlots_;  // spec_.shared keeps it
  IdentityState identity_;                  // of the first identify module
  int32_t identifyModule_ = -1;
  bool onlyTracks_ = false;
  std::shared_ptr<Shots> shots_;
  std::shared_ptr<Stop> linking_ = std::make_shared<Stop>();  // relinking, and what is written from it
  track::RelinkRef linked_, shown_;  // what relinking found, and the same with the best shots chosen
  const Graph* graph_ = nullptr;
  const std::shared_ptr<Stop> closing_ = std::make_shared<Stop>();  // sources, also while they are opened
  const std::shared_ptr<Stop> giveUp_ = std::make_shared<Stop>();   // outputs, also while they are opened; draining
  const std::shared_ptr<Stop> endBy_ = std::make_shared<Stop>();    // rewriting files that play as they are
  const std::shared_ptr<Interrupt> interrupt_ = std::make_shared<Interrupt>();  // models that load or run
  std::mutex adding_;                                                           // one addSource() at a time

  mutable std::mutex mutex_;
  // From start() to close(); what is asked of them afterwards is kept below.
  std::shared_ptr<Programme> programme_;
  std::shared_ptr<Engine> engine_;
  std::weak_ptr<const void> encoder_;  // may be freed after close()
  std::vector<SourceCounts> finalCounts_;
  std::vector<StageStats> finalStages_;
  std::condition_variable changed_;
  std::vector<SourceFile> sources_;
  std::vector<media::OutputResult> outputs_;
  std::vector<compose::FollowStats> follow_;
  std::deque<Recovery> recoveries_;
  std::map<std::string, int64_t> recovered_;
  std::vector<ModelReport> modelReports_;
  std::optional<Error> error_;
  std::vector<Done> doneCallbacks_;
  enum class State : uint8_t { created, starting, running, finishing, over } state_ = State::created;
  const char* stateName() const;
  bool opening_ = false;  // start() is at work: close() waits for it
  bool drained_ = false, stopped_ = false;
  std::mutex closeMutex_;  // one close() at a time
  int64_t startNs_ = 0, startCpuNs_ = 0, endNs_ = 0, endCpuNs_ = 0;
  std::thread finisher_;
};

}  // namespace framepath::graph
