// Composition and encoding: frames of the graph come in per source and in order, a canvas goes out at every tick.
//
//   sink module -> per-source queues -> composer thread (clock) -> encoder thread -> output, packets
//
// A source that joins while the programme runs begins at the tick at which its first frame comes; where the layout has
// one tile a source it then gets one, and loses it when it is taken out. Sound is only of the sources of the start.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "compose/composer.h"
#include "compose/programme_clock.h"
#include "core/channel.h"
#include "core/error.h"
#include "graph/module.h"
#include "graph/pipeline_spec.h"
#include "graph/stage_stats.h"
#include "graph/trace.h"
#include "media/output.h"

namespace framepath::graph {

struct ProgrammeSource {
  std::string id;
  bool live = false;  // may be late: ticks do not wait for it longer than Programme::kLiveDelayNs
};

struct ProgrammeOptions {
  compose::LayoutSpec layout;  // fps resolved
  OutputSpec output;
  std::vector<media::AudioInput> audio;
  std::vector<ProgrammeSource> sources;
  std::shared_ptr<Trace> trace;  // null: none
};

class Programme {
 public:
  using PacketCallback = std::function<void(std::optional<Packet>)>;

  // Opens encoder and output; throws what they throw. `failed` is called from the programme's threads, once.
  Programme(ProgrammeOptions options, std::shared_ptr<Device> device, std::function<void(const Error&)> failed);
  ~Programme();
  Programme(const Programme&) = delete;
  Programme& operator=(const Programme&) = delete;

  // The module that hands frames over: depends on the modules the layout names, holds pixels, results do not wait for
  // it.
  ModuleNode sinkNode(const Graph* const* graph) const;

  void start();
  // Source `number` joins; before its first frame. INVALID_ARGUMENT when the layout has no place for its tile.
  void addSource(int32_t number, const ProgrammeSource& source);
  // Its tile goes with the next tick, and its frames with it. Idempotent.
  void removeSource(int32_t source);
  void sourceFinished(int32_t source, bool failed);
  // No more ticks; what is composed is still encoded, for kDrainNs at most, unless `drain` is false.
  void stop(bool drain);
  // Waits for the threads, then trailer and remux. `complete` false: broken off. Throws what the output throws.
  media::OutputResult finish(bool complete);

  // The next packet, or none after the end; `callback` is called once. Only for outputs with `packets`.
  void nextPacket(PacketCallback callback);

  int64_t ticks() const;
  std::vector<StageStats> stages() const;
  std::vector<compose::FollowStats> followStats() const;  // after finish()

  static constexpr int64_t kLiveDelayNs = 500'000'000;
  static constexpr int64_t kDrainNs = 800'000'000;

 private:
  struct Item {
    LeaseRef lease;
    int64_t ptsUs = 0;
    bool fresh = true;
    std::vector<compose::TileBoxes> boxes;
  };
  struct SourceQueue {
    std::string id;
    std::deque<Item> waiting;
    std::optional<Item> current;
    int64_t offsetUs = 0;  // programme time at which it joined
    int64_t endUs = 0;     // when the last frame's display time ends
    bool live = false, ended = false, failed = false, removed = false;
    bool joining = false;  // late, and no frame yet
    bool tiled = true;     // has its tiles, if it is to have any
    // Moves what a tick at `tickUs` or later will not show to `past`: on a slow canvas more frames fall between two
    // ticks than may be alive.
    void pass(int64_t tickUs, std::vector<Item>& past);
    bool over(int64_t tickUs) const { return ended && waiting.empty() && tickUs >= endUs; }
  };
  class SinkWorker;

  void take(const Task& task, const Graph& graph);
  void composeTicks();
  bool waitForTick(std::unique_lock<std::mutex>& lock);
  void changeTiles();
  std::vector<compose::TileInput> inputsAt(int64_t tickUs);
  void encodeCanvases();
  void spent(StageStats& stats, int64_t canvas, int64_t waitingNs, int64_t startNs);
  void packetOut(Packet packet);
  void closePackets();
  void failOnce(const Error& error);

  const ProgrammeOptions options_;
  std::vector<std::string> observed_;  // modules the layout names
  std::unique_ptr<media::Encoder> encoder_;
  std::unique_ptr<media::Output> output_;
  std::unique_ptr<compose::Composer> composer_;
  std::vector<compose::FollowStats> follow_;
  std::vector<compose::TileSpec> tiles_;  // as the composer has them; the compose thread's
  std::function<void(const Error&)> failed_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  compose::ProgrammeClock clock_;
  std::vector<SourceQueue> sources_;
  std::vector<Item> past_;    // their leases are let go outside the lock
  int64_t firstFrameNs_ = 0;  // live ticks are due from here on
  bool stopping_ = false, failing_ = false;
  StageStats composeStats_, encodeStats_;

  std::mutex packetMutex_;
  std::condition_variable packetRoom_;
  std::deque<Packet> packets_;
  PacketCallback waitingPacket_;
  bool packetsClosed_ = false;

  BoundedChannel<FrameRef> canvases_{3};
  std::atomic<int64_t> giveUpNs_{INT64_MAX};  // draining ends here
  std::thread composeThread_, encodeThread_;
};

}  // namespace framepath::graph
