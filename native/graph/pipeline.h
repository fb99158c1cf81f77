// One run from its spec: opens everything, starts the engine and the output, ends them, and knows the report.
//
//   created --start--> opening --opened--> running --engine ends--> finishing --outputs end--> over
//      |                | |                   |                         |                        ^
//      |          throws| |stop           stop|         no time is left |                        |
//      |                | v                   v                         |                        |
//      |                | aborting -------> stopping <------------------+                        |
//      |                v   | throws            +---------- engine and outputs end --------------+
//      +--stop------> failed <+ ----------------------------- close -----------------------------+
//
// The parts of it, one job each: sources (source_table, open_source), modules (module_builder), the output's side
// (output_side), what was lost (recoveries), what was found (run_results).
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/interrupt.h"
#include "core/stop.h"
#include "graph/compositions.h"
#include "graph/engine.h"
#include "graph/external.h"
#include "graph/module_builder.h"
#include "graph/output_side.h"
#include "graph/pipeline_spec.h"
#include "graph/recordings.h"
#include "graph/recoveries.h"
#include "graph/report.h"
#include "graph/run_results.h"
#include "graph/silence_watch.h"
#include "graph/source_table.h"
#include "graph/trace.h"
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

enum class RunState : uint8_t {
  created,
  opening,   // start() is at work
  aborting,  // it is, and is to end
  failed,    // it ended, or is not to begin: nothing runs
  running,
  finishing,  // the outputs end
  stopping,   // the engine and the outputs end, as soon as they can
  over,
};

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

  // Instead of start(): what it would decide. Opens the device and the models. Blocks; throws what they throw.
  Decisions resolve();
  // Opens sources, models, encoder and output, then starts. Throws whatever does not fit; close() is still needed.
  void start();
  // The first step of an end: sources and modules stop, at once. The next ones are waited for.
  void stop();
  // Returns when the run is over, within two seconds; its results can still be read. drain: what is composed is
  // still encoded. Idempotent, from every state.
  void end(bool drain);
  // end(), and everything is freed. Idempotent, from every state.
  void close(bool drain);
  // Called once, when everything is over (outputs finished too): at once if it is. Must not call close().
  void done(Done callback);

  void next(size_t max, Engine::NextCallback callback);
  void discard();
  // See Compositions.
  void nextPacket(const std::string& output, PacketQueue::Callback callback);
  void nextCanvas(const std::string& composition, CanvasQueue::Callback callback);
  bool answer(int32_t module, int64_t taskId, int64_t attempt, ExternalModule::Answer answer);
  TaskRef asked(int32_t module, int64_t taskId) const;

  // See Composition::setLayout().
  void setLayout(const std::string& composition, compose::LayoutSpec layout, int64_t transitionUs);
  // See Composition::setAudio().
  void setAudio(const std::string& composition, const AudioChange& change);
  void addSource(const SourceSpec& spec);                   // blocks while opening
  RecordingReport record(const RecordingRequest& request);  // see Recordings; blocks
  void removeSource(const std::string& id, std::function<void()> removed);
  void pushFrame(const std::string& source, const uint8_t* bytes, size_t size, int64_t ptsUs,
                 PushedSource::Taken taken);
  void endFrames(const std::string& source, std::optional<Error> error);
  // GRAPH_INVALID where a module needs the frames of a source in order: it has no result for a single picture.
  void checkSubmit() const;
  void submit(FrameRef frame, std::function<void(const TaskRef&)> finished);
  StopRef closing() const { return closing_; }  // whatever is being opened for this run ends with it
  Device& device() { return *device_; }
  std::shared_ptr<Device> deviceRef() { return device_; }

  // While the run goes: from its hooks.
  const Graph& graph() const { return *graph_; }
  // Position of a spec's module in Task::observations.
  int32_t observationOf(size_t specModule) const { return observationOf_[specModule]; }
  const std::vector<std::string>* labelsOf(size_t specModule) const;

  // The hook `sampled` gets every Nth frame of each source; 0: none. Nothing to do in a closed run.
  void sample(int64_t every);
  // A thread or process answered for a JS module: for the trace, where one is kept.
  void hostServed(Span span);
  // Something was lost and the run goes on: for the report and the hook.
  void recovered(Recovery recovery) { recoveries_.add(std::move(recovery)); }

  Progress progress() const;
  Report report() const;
  std::optional<Decisions> decisions() const;  // none before start() has made them
  RunResults& results() { return results_; }
  track::RelinkRef relink() { return results_.relink(); }
  const Trace* trace() const { return trace_.get(); }  // null: no trace
  int64_t startNs() const;
  std::string sourceId(int32_t source) const { return sources_.idOf(source); }

 private:
  void open();
  void openDevice();
  std::vector<OpenedSource> openSources(ModuleBuilder& builder);
  void checkOpen() const;
  void finishRun();
  SourceOptions engineOptions(const SourceFile& file) const;
  void sourceFinished(const Engine& engine, Compositions* compositions, int32_t source);
  std::vector<StageStats> stagesLocked() const;
  std::vector<SourceCounts> countsLocked() const;
  std::vector<CanvasCounts> canvasLocked() const;
  std::shared_ptr<Engine> engine() const;  // throws RUN_CLOSED when there is none
  std::shared_ptr<Compositions> compositions() const;
  double secondsLocked() const;

  PipelineSpec spec_;
  const PipelineHooks hooks_;
  const std::shared_ptr<Trace> trace_;
  Recoveries recoveries_;
  SourceTable sources_;
  RunResults results_{sources_, recoveries_};
  const std::shared_ptr<Stop> closing_ = std::make_shared<Stop>();  // sources, also while they are opened
  const CompositionStops outputStops_;                              // outputs, also while they are opened
  OutputSide output_{spec_, outputStops_, recoveries_};
  SilenceWatch silence_{recoveries_};
  Recordings recordings_{recoveries_};
  const std::shared_ptr<Interrupt> interrupt_ = std::make_shared<Interrupt>();  // models that load or run
  std::shared_ptr<Device> device_;
  std::unique_ptr<telemetry::GpuSampler> gpu_;  // of a CUDA device
  ExternalModules externals_;
  // From start() on.
  std::vector<int32_t> observationOf_;
  std::vector<std::vector<std::string>> labels_;
  const Graph* graph_ = nullptr;  // the engine's

  std::mutex adding_;   // one addSource() at a time
  std::mutex freeing_;  // one close() at a time
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  RunState state_ = RunState::created;
  // From start() to close(); what is read of them afterwards is kept below.
  std::shared_ptr<Compositions> compositions_;
  std::shared_ptr<Engine> engine_;
  std::vector<std::weak_ptr<const void>> encoders_;  // may be freed after close()
  std::vector<SourceCounts> finalCounts_;
  std::vector<CanvasCounts> finalCanvas_;
  std::vector<StageStats> finalStages_;
  std::vector<ModelReport> models_;
  std::optional<Decisions> decisions_;
  std::vector<OutputReport> outputs_;
  std::vector<FollowReport> follow_;
  std::optional<Error> error_;
  std::vector<Done> doneCallbacks_;
  int64_t startNs_ = 0, startCpuNs_ = 0, endNs_ = 0, endCpuNs_ = 0;
  std::thread finisher_;
};

}  // namespace framepath::graph
