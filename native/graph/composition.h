// Composition: frames of the graph come in per source and in order, a canvas goes out at every tick, to every output
// and to whoever reads canvases.
//
//   sink module -> per-source queues -> composer thread (clock) -> CompositionOutput, ... -> file, packets
//                                                               -> canvases
//
// Where a source is live, ticks are drawn by the clock on the wall (compose/live_clock), and nobody is waited for: each
// live source shows its latest frame (compose/live_times), a file those of its own times. Frames of live sources are
// copies, and hold no lease.
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
#include "compose/live_clock.h"
#include "compose/output_clock.h"
#include "core/error.h"
#include "core/stop.h"
#include "graph/canvas_picture.h"
#include "graph/canvas_source.h"
#include "graph/composition_output.h"
#include "graph/module.h"
#include "graph/output_report.h"
#include "graph/pipeline_spec.h"
#include "graph/reader_queue.h"
#include "graph/stage_stats.h"
#include "graph/trace.h"

namespace framepath::graph {

// The audio of a source in one composition.
struct JoiningAudio {
  std::vector<media::AudioRef> outputs{};             // of one that joins, for each output; null: none
  std::shared_ptr<media::LivePlace> place = nullptr;  // of a live one: where its pictures lie; null: it is not heard
};

// Gains by id of the source; with `only` that one is 1, all others 0.
struct AudioChange {
  std::vector<std::pair<std::string, float>> gains;
  std::string only;
};

struct CompositionSource {
  int32_t number = 0;
  std::string id;
  bool live = false;  // the composition follows the clock on the wall
  JoiningAudio audio{};
  std::shared_ptr<const media::SourceLink> link = nullptr;  // of a live one, for its card
  int64_t maxAgeNs = 0;                                     // of a live one: older pictures are not shown; 0 = no limit
};

struct CompositionOptions {
  std::string name;
  std::string stage = "compose";  // its name among the modules and stages
  compose::LayoutSpec layout;     // fps resolved
  std::vector<CompositionOutputOptions> outputs;
  bool canvases = false;                        // each is kept for nextCanvas()
  bool everybody = false;                       // whoever joins is one of its sources, shown or not
  ColorTransfer transfer = ColorTransfer::sdr;  // of the canvas
  bool keepsTimes = false;                      // the pictures of its only source are the canvases, at their own times
  CompositionStops stops;
  std::vector<CompositionSource> sources;
  std::shared_ptr<Trace> trace;          // null: none
  RecoveryListener::Listener recovered;  // by the composition itself; from its threads, may be empty
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
  ColorTransfer transfer() const { return options_.transfer; }  // of its canvas
  // Whether a source that joins is one of its sources.
  bool admits(const std::string& id) const;
  // A source joins; before its first frame. INVALID_ARGUMENT when the layout has no place for its tile.
  void addSource(const CompositionSource& source);
  // Its tile goes with the next tick, and its frames with it. Idempotent.
  void removeSource(int32_t source);
  void sourceFinished(int32_t source, bool failed);
  // Another layout of the same canvas, from the next tick on; the last canvas of the one before fades out over it. Its
  // tiles name sources by their numbers, or reserve ids. Throws INVALID_ARGUMENT, and GRAPH_INVALID where it reads a
  // module that the first layout does not.
  void setLayout(compose::LayoutSpec layout, int64_t transitionUs);
  // The gains of sources in all outputs that carry them, from the next canvas on. Throws INVALID_ARGUMENT where no
  // output does, or one copies its packets.
  void setAudio(const AudioChange& change);
  // No more ticks; what is composed is still encoded until `deadlineNs` (of nowNs()), or not at all.
  void stop(int64_t deadlineNs);
  void wake();  // CompositionStops::endBy was changed
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
  CanvasCounts countsOf(int32_t source) const;
  std::vector<compose::FollowStats> followStats() const;    // after finish()
  std::vector<std::weak_ptr<const void>> encoders() const;  // may outlive the composition for a while

  static constexpr int32_t kWhole = -1;  // CompositionOptions::failed: not one output

 private:
  class SinkWorker;

  struct Observed {
    std::string module;
    size_t position;  // in Task::observations
  };
  void take(const Task& task, const std::vector<Observed>& observed, CanvasPictures& pictures);
  CanvasSource* queueOf(int32_t source);  // null: gone
  CanvasSource& enroll(const CompositionSource& source);
  void setLookAhead(int32_t source);
  bool copies(int32_t source) const;
  void composeTicks();
  bool waitForTick(std::unique_lock<std::mutex>& lock);
  int64_t liveTickNs();
  // A layout that was asked for: its tiles as they are taken, for each the tile before it that shows the same source
  // (-1: none), and what those before showed at that tick.
  struct LayoutChange {
    compose::LayoutSpec layout;
    int64_t transitionUs = 0;
    std::vector<int32_t> same;
    std::vector<compose::TileInput> before;
  };
  static std::vector<std::string> modulesOf(const compose::LayoutSpec& layout);
  static void numberReserved(std::vector<compose::TileSpec>& tiles);
  static compose::TileSpec tileOf(int32_t number, const CanvasSource& queue);
  std::vector<compose::TileSpec> tilesOf(const compose::LayoutSpec& layout) const;
  void changeTiles();
  int32_t numberOf(const std::string& id) const;
  bool adjusts(int32_t source) const;
  void requireAdjusted(int32_t source) const;
  std::optional<LayoutChange> takeLayout(int64_t tickUs);
  void apply(const LayoutChange& change, int64_t tick, int64_t ptsUs, std::vector<compose::TileInput>& inputs);
  bool showsCard(const CanvasSource& queue, bool over) const;
  compose::TileInput inputOf(const compose::TileSpec& tile, int64_t tickUs) const;
  std::vector<compose::TileInput> inputsAt(int64_t tickUs);
  void spent(int64_t tick, int64_t waitingNs, int64_t startNs);
  void closeComposer();
  bool handOver(const FrameRef& canvas, int64_t readNs);
  int64_t oldestNewNs() const;
  void failOutput(int32_t output, const Error& error);
  void failFinishing(size_t output, const Error& error);
  void fail(const Error& error);
  OutputReport reportOf(size_t output, media::OutputResult result) const;

  const CompositionOptions options_;
  const std::shared_ptr<Device> device_;
  CanvasQueue canvases_;
  std::vector<std::unique_ptr<CompositionOutput>> outputs_;
  std::unique_ptr<compose::Composer> composer_;
  std::optional<SdrCanvases> sdrCanvases_;  // where they are read, and not SDR
  std::vector<compose::FollowStats> follow_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  compose::LayoutSpec layout_;            // as setLayout() has changed it
  std::optional<LayoutChange> change_;    // for the next tick
  std::vector<compose::TileSpec> tiles_;  // as the composer has them; `source` below 0: reserved, and not there
  compose::OutputClock clock_;
  std::map<int32_t, CanvasSource> sources_;  // by number, until they lost their tiles
  std::string onlyHeard_;                    // id: others that join are muted; empty: they are not
  bool sourceFailed_ = false;                // what it shows is not all there is
  std::map<int32_t, CanvasCounts> gone_;     // of those before
  std::vector<CanvasFrame> past_;            // their leases are released outside the lock
  bool live_ = false;                        // ticks are drawn by the clock on the wall, from the first live source on
  compose::LiveClock liveClock_;
  int64_t startedNs_ = 0;
  int64_t skippedTicks_ = 0;
  OutputState state_ = OutputState::composing;
  std::vector<std::optional<Error>> failures_;  // of outputs
  StageStats composeStats_;
  std::thread composeThread_;
};

}  // namespace framepath::graph
