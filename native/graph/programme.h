// Composition and encoding: frames of the graph come in per source and in order, a canvas goes out at every tick.
//
//   sink module -> per-source queues -> composer thread (clock) -> encoder thread -> output, packets
#pragma once
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
#include "media/output.h"

namespace framepath::graph {

struct ProgrammeOptions {
  compose::LayoutSpec layout;  // fps resolved
  OutputSpec output;
  std::vector<media::AudioInput> audio;
  int32_t sources = 0;
};

class Programme {
 public:
  using PacketCallback = std::function<void(std::optional<Packet>)>;

  // Opens encoder and output; throws what they throw. `failed` is called from the programme's threads, once.
  Programme(ProgrammeOptions options, std::shared_ptr<Device> device, std::function<void(const Error&)> failed);
  ~Programme();
  Programme(const Programme&) = delete;
  Programme& operator=(const Programme&) = delete;

  // The module that hands frames over: depends on the modules the layout names, holds pixels, results do not wait for it.
  ModuleNode sinkNode(const Graph* const* graph) const;

  void start();
  void sourceFinished(int32_t source, bool failed);
  // No more ticks; what is composed is still encoded, unless `drain` is false.
  void stop(bool drain);
  // Waits for the threads, then trailer and remux. `complete` false: broken off. Throws what the output throws.
  media::OutputResult finish(bool complete);

  // The next packet, or none after the end; `callback` is called once. Only for outputs with `packets`.
  void nextPacket(PacketCallback callback);

  int64_t ticks() const;
  std::vector<StageStats> stages() const;
  std::vector<compose::FollowStats> followStats() const;  // after finish()
  std::string encoderName() const { return encoder_->name(); }

 private:
  struct Item {
    LeaseRef lease;
    int64_t ptsUs = 0;
    bool fresh = true;
    std::vector<compose::TileBoxes> boxes;
  };
  struct SourceQueue {
    std::deque<Item> waiting;
    std::optional<Item> current;
    int64_t endUs = 0;  // when the last frame's display time ends
    bool ended = false, failed = false;
    bool over(int64_t tickUs) const { return ended && waiting.empty() && tickUs >= endUs; }
  };
  class SinkWorker;

  void take(const Task& task, const Graph& graph);
  void composeTicks();
  void encodeCanvases();
  void packetOut(Packet packet);
  void closePackets();
  void failOnce(const Error& error);

  const ProgrammeOptions options_;
  std::vector<std::string> observed_;  // modules the layout names
  std::unique_ptr<media::Encoder> encoder_;
  std::unique_ptr<media::Output> output_;
  std::unique_ptr<compose::Composer> composer_;
  std::function<void(const Error&)> failed_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  compose::ProgrammeClock clock_;
  std::vector<SourceQueue> sources_;
  bool stopping_ = false, failing_ = false;
  StageStats composeStats_, encodeStats_;

  std::mutex packetMutex_;
  std::condition_variable packetRoom_;
  std::deque<Packet> packets_;
  PacketCallback waitingPacket_;
  bool packetsClosed_ = false;

  BoundedChannel<FrameRef> canvases_{3};
  std::thread composeThread_, encodeThread_;
};

}  // namespace framepath::graph
