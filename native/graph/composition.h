// Composition: frames of the graph come in per source and in order, a canvas goes out at every tick, to every output
// and to whoever reads canvases.
//
//   sink module -> per-source queues -> composer thread (clock) -> CompositionOutput, ... -> file, packets
//                                                               -> canvases
//
// A source that joins while the composition runs begins at the tick at which its first frame comes, its audio too;
// where the layout has one tile a source it then gets one. When it is taken out it loses the tile with the next tick,
// and is heard no longer than seen.
//
// Where boxes are hidden, a source that is not live is delayed by the look-ahead (compose::RedactSpec::lookAheadMs), so
// that a face is hidden before it is first found. The frames in between are copies and count against no inFlight:
// a lease is kept only of what lies beyond.
//
//   composing --last tick--> composed     composing --stop--> stopped     any --composing or encoding fails--> failed
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "compose/composer.h"
#include "compose/output_clock.h"
#include "core/error.h"
#include "core/stop.h"
#include "graph/canvas_source.h"
#include "graph/composition_output.h"
#include "graph/frame_copier.h"
#include "graph/module.h"
#include "graph/output_report.h"
#include "graph/pipeline_spec.h"
#include "graph/reader_queue.h"
#include "graph/stage_stats.h"
#include "graph/trace.h"

namespace framepath::graph {

struct CompositionSource {
  int32_t number = 0;
  std::string id;
  bool live = false;                     // may be late: ticks do not wait for it longer than Composition::kLiveDelayNs
  std::vector<media::AudioRef> audio{};  // of one that joins, for each output; null: none
};

struct CompositionOptions {
  std::string name;
  std::string stage = "compose";  // its name among the modules and stages
  compose::LayoutSpec layout;     // fps resolved
  std::vector<CompositionOutputOptions> outputs;
  bool canvases = false;  // each is kept for nextCanvas()
  CompositionStops stops;
  std::vector<CompositionSource> sources;
  std::shared_ptr<Trace> trace;  // null: none
  // An output, or (-1) the composition itself, has failed; from its threads.
  std::function<void(int32_t output, const Error&)> failed;
};

enum class OutputState : uint8_t { composing, composed, stopped, failed };

class Composition {
 public:
  // Opens encoders and outputs; throws what they throw, CANCELLED when it is to be given up.
  Composition(CompositionOptions options, std::shared_ptr<Device> device);
  ~Composition();
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

  // The module that hands frames over, to be added to `modules`: depends on those that the layout names, holds pixels,
  // results do not wait for it.
  ModuleNode sinkNode(const std::vector<ModuleNode>& modules);

  void start();
  // A source joins; before its first frame. INVALID_ARGUMENT when the layout has no place for its tile.
  void addSource(const CompositionSource& source);
  // Its tile goes with the next tick, and its frames with it. Idempotent.
  void removeSource(int32_t source);
  void sourceFinished(int32_t source, bool failed);
  // No more ticks; what is composed is still encoded until `deadlineNs` (of nowNs()), or not at all.
  void stop(int64_t deadlineNs);
  void abort();
  // Waits for what is left to do, then trailer and remux of every output; what fails there is passed to `failed`.
  // `complete` false: broken off.
  std::vector<OutputReport> finish(bool complete);
  // What finish() would return for the pictures encoded so far; not complete.
  std::vector<OutputReport> soFar() const;

  // The next packet of an output with `packets`, or none after the end; `callback` is called once.
  void nextPacket(size_t output, PacketQueue::Callback callback);
  // The same of canvases.
  void nextCanvas(CanvasQueue::Callback callback);

  const std::string& name() const { return options_.name; }
  const compose::LayoutSpec& layout() const { return options_.layout; }
  bool keepsCanvases() const { return options_.canvases; }
  const std::vector<std::unique_ptr<CompositionOutput>>& outputs() const { return outputs_; }
  std::vector<StageStats> stages() const;
  std::vector<compose::FollowStats> followStats() const;    // after finish()
  std::vector<std::weak_ptr<const void>> encoders() const;  // may outlive the composition for a while

  static constexpr int64_t kLiveDelayNs = 500'000'000;
  static constexpr int32_t kWhole = -1;  // CompositionOptions::failed: not one output

 private:
  class SinkWorker;

  struct Observed {
    std::string module;
    size_t position;  // in Task::observations
  };
  void take(const Task& task, const std::vector<Observed>& observed, FrameCopier& copier);
  CanvasSource* queueOf(int32_t source);  // null: gone
  void setLookAhead(int32_t source);
  int64_t lookAheadOf(int32_t source) const;
  int64_t liveDelayNs() const;
  void composeTicks();
  bool waitForTick(std::unique_lock<std::mutex>& lock);
  void changeTiles();
  std::vector<compose::TileInput> inputsAt(int64_t tickUs);
  void spent(int64_t tick, int64_t waitingNs, int64_t startNs);
  void closeComposer();
  bool handOver(const FrameRef& canvas);
  void failOutput(int32_t output, const Error& error);
  void failFinishing(size_t output, const Error& error);
  void fail(const Error& error);
  OutputReport reportOf(size_t output, media::OutputResult result) const;

  const CompositionOptions options_;
  const std::shared_ptr<Device> device_;
  CanvasQueue canvases_;
  std::vector<std::unique_ptr<CompositionOutput>> outputs_;
  std::unique_ptr<compose::Composer> composer_;
  std::vector<compose::FollowStats> follow_;
  std::vector<compose::TileSpec> tiles_;  // as the composer has them; the compose thread's

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  compose::OutputClock clock_;
  std::atomic<bool> anyLive_ = false;        // canvases are not waited for, where there are several takers
  std::map<int32_t, CanvasSource> sources_;  // by number, until they lost their tiles
  bool sourceFailed_ = false;                // what it shows is not all there is
  std::vector<CanvasFrame> past_;            // their leases are released outside the lock
  int64_t firstFrameNs_ = 0;                 // live ticks are due from here on
  OutputState state_ = OutputState::composing;
  std::vector<std::optional<Error>> failures_;  // of outputs
  StageStats composeStats_;
  std::thread composeThread_;
};

}  // namespace framepath::graph
