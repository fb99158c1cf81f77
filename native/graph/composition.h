// Composition and encoding: frames of the graph come in per source and in order, a canvas goes out at every tick.
//
//   sink module -> per-source queues -> composer thread (clock) -> Encoding -> output, packets
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
#include "compose/output_clock.h"
#include "core/error.h"
#include "core/stop.h"
#include "graph/canvas_source.h"
#include "graph/encoding.h"
#include "graph/frame_copier.h"
#include "graph/module.h"
#include "graph/pipeline_spec.h"
#include "graph/stage_stats.h"
#include "graph/trace.h"

namespace framepath::graph {

struct CompositionSource {
  std::string id;
  bool live = false;                // may be late: ticks do not wait for it longer than Composition::kLiveDelayNs
  media::AudioRef audio = nullptr;  // of one that joins; null: none
};

struct CompositionOptions {
  compose::LayoutSpec layout;  // fps resolved
  OutputSpec output;
  std::vector<media::AudioInput> audio;
  bool audioJoins = false;                                    // sources that join may have audio
  bool keepsTimes = false;  // the pictures of the only source are the canvases, at their own times
  std::shared_ptr<Stop> deadline = std::make_shared<Stop>();  // opening, draining and connections end here
  std::shared_ptr<Stop> endBy = std::make_shared<Stop>();     // what may be left undone at the end is not waited for
  std::vector<CompositionSource> sources;
  std::shared_ptr<Trace> trace;          // null: none
  RecoveryListener::Listener recovered;  // from any thread; may be empty
};

enum class OutputState : uint8_t { composing, composed, stopped, failed };

class Composition {
 public:
  using PacketCallback = PacketQueue::Callback;

  // Opens encoder and output; throws what they throw, CANCELLED when it is to be given up. `failed` is called from the
  // composition's threads, once.
  Composition(CompositionOptions options, std::shared_ptr<Device> device, std::function<void(const Error&)> failed);
  ~Composition();
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

  // The module that hands frames over, to be added to `modules`: depends on those that the layout names, holds pixels,
  // results do not wait for it.
  ModuleNode sinkNode(const std::vector<ModuleNode>& modules);

  void start();
  // Source `number` joins; before its first frame. INVALID_ARGUMENT when the layout has no place for its tile.
  void addSource(int32_t number, const CompositionSource& source);
  // Its tile goes with the next tick, and its frames with it. Idempotent.
  void removeSource(int32_t source);
  void sourceFinished(int32_t source, bool failed);
  // No more ticks; what is composed is still encoded until `deadlineNs` (of nowNs()), or not at all.
  void stop(int64_t deadlineNs);
  void abort();
  // Waits for what is left to do, then trailer and remux. `complete` false: broken off. Throws what the output throws.
  media::OutputResult finish(bool complete);
  // What finish() would return for the pictures encoded so far; not complete.
  media::OutputResult soFar() const;
  std::optional<Error> failure() const;  // of composing or encoding

  // The next packet, or none after the end; `callback` is called once. Only for outputs with `packets`.
  void nextPacket(PacketCallback callback);

  media::RateFigures rate() const { return encoding_->rate(); }
  std::vector<StageStats> stages() const;
  std::vector<compose::FollowStats> followStats() const;                      // after finish()
  std::weak_ptr<const void> encoder() const { return encoding_->encoder(); }  // may outlive the composition for a while

  static constexpr int64_t kLiveDelayNs = 500'000'000;

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
  void failOnce(const Error& error);
  void addRate(media::OutputResult& result) const;

  const CompositionOptions options_;
  const std::shared_ptr<Device> device_;
  const std::shared_ptr<AudioCues> cues_ = std::make_shared<AudioCues>();
  const std::shared_ptr<PacketQueue> packets_ = std::make_shared<PacketQueue>();
  std::unique_ptr<Encoding> encoding_;
  std::unique_ptr<compose::Composer> composer_;
  std::vector<compose::FollowStats> follow_;
  std::vector<compose::TileSpec> tiles_;  // as the composer has them; the compose thread's
  std::function<void(const Error&)> failed_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  compose::OutputClock clock_;
  std::map<int32_t, CanvasSource> sources_;  // by number, until they lost their tiles
  std::vector<CanvasFrame> past_;            // their leases are released outside the lock
  int64_t firstFrameNs_ = 0;                 // live ticks are due from here on
  OutputState state_ = OutputState::composing;
  std::optional<Error> failure_;  // failed
  StageStats composeStats_;
  std::thread composeThread_;
};

}  // namespace framepath::graph
