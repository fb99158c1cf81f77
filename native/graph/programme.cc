#include "graph/programme.h"

#include <algorithm>

#include "core/clock.h"

namespace framepath::graph {
namespace {

constexpr size_t kPackets = 256;  // waiting for nextPacket before the encoder waits
constexpr int32_t kCanvases = 8;  // alive at once: composing, queued, in the encoder's lookahead (it copies)

std::vector<std::string> modulesOf(const compose::LayoutSpec& layout) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const compose::TileSpec& tile : layout.tiles) add(tile.follow.module);
  add(layout.redact.module);
  add(layout.draw.boxes);
  return names;
}

compose::TileBoxes boxesOf(const std::string& module, const Observation& says) {
  compose::TileBoxes boxes;
  boxes.module = module;
  const auto add = [&](const Box& box, int64_t track, int32_t id, float score) {
    boxes.boxes.push_back(box);
    boxes.tracks.push_back(track);
    boxes.ids.push_back(id);
    boxes.scores.push_back(score);
  };
  if (const auto* people = says.as<People>())
    for (const Person& p : people->items) add(p.box, p.track, p.id, p.score);
  if (const auto* tracks = says.as<Tracks>())
    for (const Track& t : tracks->items) add(t.box, t.track, 0, t.score);
  if (const auto* detections = says.as<Detections>())
    for (size_t i = 0; i < detections->size(); i++) add(detections->boxes[i], 0, 0, detections->scores[i]);
  return boxes;
}

}  // namespace

class Programme::SinkWorker : public Worker {
 public:
  SinkWorker(Programme* programme, const Graph* const* graph) : programme_(programme), graph_(graph) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> says) override {
    programme_->take(*tasks[0], **graph_);
    says[0] = Observation::of(External{});
  }

 private:
  Programme* programme_;
  const Graph* const* graph_;
};

Programme::Programme(ProgrammeOptions options, std::shared_ptr<Device> device, std::function<void(const Error&)> failed)
    : options_(std::move(options)),
      observed_(modulesOf(options_.layout)),
      failed_(std::move(failed)),
      clock_(options_.layout.fpsNum, options_.layout.fpsDen, options_.sources),
      sources_(static_cast<size_t>(options_.sources)) {
  encoder_ = media::openEncoder(options_.output.encoder, device);
  if (!options_.output.path.empty()) {
    media::OutputOptions output;
    output.path = options_.output.path;
    output.audio = options_.audio;
    output.fps = {options_.layout.fpsNum, options_.layout.fpsDen};
    output_ = media::openOutput(output, *encoder_);
  }
  composer_ = compose::makeComposer(options_.layout, device, encoder_->inputFormat(), kCanvases);
  composeStats_.name = "compose";
  composeStats_.kind = "compose";
  encodeStats_.name = "encode";
  encodeStats_.kind = "encode";
}

Programme::~Programme() {
  stop(false);
  if (composeThread_.joinable()) composeThread_.join();
  if (encodeThread_.joinable()) encodeThread_.join();
}

ModuleNode Programme::sinkNode(const Graph* const* graph) const {
  ModuleNode node;
  node.name = "compose";
  node.depends = observed_;
  node.stateful = node.pixels = node.acceptsNothing = node.internal = node.sink = true;
  node.openWorker = [self = const_cast<Programme*>(this), graph] { return std::make_unique<SinkWorker>(self, graph); };
  return node;
}

void Programme::start() {
  composeThread_ = std::thread([this] { composeTicks(); });
  encodeThread_ = std::thread([this] { encodeCanvases(); });
}

void Programme::take(const Task& task, const Graph& graph) {
  Item item;
  item.lease = task.lease;
  item.ptsUs = task.ptsUs;
  for (const std::string& name : observed_) {
    const Observation& says = task.observations[static_cast<size_t>(graph.find(name))];
    // Nothing said is not "nobody there": the composer goes on with what it knew, redaction most of all.
    if (says.said != Said::nothing) item.boxes.push_back(boxesOf(name, says));
  }
  std::lock_guard lock(mutex_);
  if (stopping_ || task.source >= options_.sources) return;
  SourceQueue& queue = sources_[static_cast<size_t>(task.source)];
  queue.endUs = task.ptsUs + std::max<int64_t>(task.durationUs, 1);
  clock_.sawFrame(task.source, task.ptsUs);
  clock_.setDuration(task.source, queue.endUs);
  queue.waiting.push_back(std::move(item));
  changed_.notify_all();
}

void Programme::sourceFinished(int32_t source, bool failed) {
  std::lock_guard lock(mutex_);
  if (source >= options_.sources) return;
  SourceQueue& queue = sources_[static_cast<size_t>(source)];
  queue.ended = true;
  queue.failed = failed;
  clock_.sawEnd(source);
  changed_.notify_all();
}

void Programme::stop(bool drain) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (!drain) {
    canvases_.abort();
    composer_->close();
  }
  std::lock_guard packetLock(packetMutex_);
  packetsClosed_ = true;
  packetRoom_.notify_all();
}

void Programme::composeTicks() {
  try {
    for (;;) {
      std::vector<compose::TileInput> inputs(options_.layout.tiles.size());
      int64_t tick = 0, ptsUs = 0;
      const int64_t waitingNs = nowNs();
      std::vector<Item> past;  // leases let go outside the lock
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || clock_.finished() || clock_.ready(); });
        if (stopping_ || clock_.finished()) break;
        tick = clock_.tick();
        ptsUs = clock_.tickUs(tick);
        for (SourceQueue& queue : sources_)
          while (!queue.waiting.empty() && queue.waiting.front().ptsUs <= ptsUs) {
            if (queue.current) past.push_back(std::move(*queue.current));
            queue.current = std::move(queue.waiting.front());
            queue.waiting.pop_front();
          }
        for (size_t t = 0; t < inputs.size(); t++) {
          const SourceQueue& queue = sources_[static_cast<size_t>(options_.layout.tiles[t].source)];
          compose::TileInput& input = inputs[t];
          const bool over = queue.over(ptsUs);
          input.state = over ? (queue.failed ? compose::TileState::failed : compose::TileState::ended)
                        : queue.current ? compose::TileState::live : compose::TileState::starting;
          if (!queue.current) continue;
          input.frame = queue.current->lease->frame();  // the first tick past the end too: the composer copies it to hold
          input.fresh = queue.current->fresh;
          input.observations = queue.current->boxes;
        }
        for (SourceQueue& queue : sources_) {
          if (!queue.current) continue;
          queue.current->fresh = false;
          if (!queue.over(ptsUs)) continue;
          past.push_back(std::move(*queue.current));  // the composer keeps its own copy
          queue.current.reset();
        }
        clock_.advance();
      }
      const int64_t startNs = nowNs();
      FrameRef canvas = composer_->compose(tick, ptsUs, inputs);
      inputs.clear();
      past.clear();
      {
        std::lock_guard lock(mutex_);
        composeStats_.add(startNs - waitingNs, nowNs() - startNs);
        composeStats_.busyNs += nowNs() - startNs;
      }
      if (!canvas || !canvases_.push(std::move(canvas))) break;
    }
  } catch (const Error& e) {
    failOnce(e);
  } catch (const std::exception& e) {
    failOnce(Error(ErrorCode::INTERNAL, std::string("Composing failed: ") + e.what()));
  }
  std::vector<SourceQueue> dropped;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped = std::move(sources_);
    sources_ = std::vector<SourceQueue>(dropped.size());
  }
  canvases_.close();
}

void Programme::encodeCanvases() {
  const media::Encoder::Emit emit = [this](Packet packet) {
    if (output_) output_->write(packet);
    if (options_.output.packets) packetOut(std::move(packet));
  };
  try {
    int64_t waitingNs = nowNs();
    while (std::optional<FrameRef> canvas = canvases_.pull()) {
      const int64_t startNs = nowNs();
      encoder_->push(*canvas, emit);
      canvas.reset();
      std::lock_guard lock(mutex_);
      encodeStats_.add(startNs - waitingNs, nowNs() - startNs);
      encodeStats_.busyNs += nowNs() - startNs;
      waitingNs = nowNs();
    }
    const int64_t startNs = nowNs();
    encoder_->finish(emit);
    std::lock_guard lock(mutex_);
    encodeStats_.busyNs += nowNs() - startNs;
  } catch (const Error& e) {
    failOnce(e);
  } catch (const std::exception& e) {
    failOnce(Error(ErrorCode::ENCODE_FAILED, std::string("Encoding failed: ") + e.what()));
  }
  canvases_.abort();
  closePackets();
}

void Programme::failOnce(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    if (failing_) return;
    failing_ = true;
  }
  failed_(error);
}

media::OutputResult Programme::finish(bool complete) {
  if (composeThread_.joinable()) composeThread_.join();
  if (encodeThread_.joinable()) encodeThread_.join();
  media::OutputResult result;
  result.codec = encoder_->name();
  result.frames = encodeStats_.count;
  result.complete = complete;
  if (output_) result = output_->finish(complete);
  return result;
}

void Programme::packetOut(Packet packet) {
  PacketCallback callback;
  {
    std::unique_lock lock(packetMutex_);
    packetRoom_.wait(lock, [&] { return packetsClosed_ || waitingPacket_ || packets_.size() < kPackets; });
    if (packetsClosed_) return;
    if (!waitingPacket_) {
      packets_.push_back(std::move(packet));
      return;
    }
    callback = std::move(waitingPacket_);
    waitingPacket_ = nullptr;
  }
  callback(std::move(packet));
}

void Programme::nextPacket(PacketCallback callback) {
  std::optional<Packet> packet;
  {
    std::lock_guard lock(packetMutex_);
    if (waitingPacket_)
      throw Error(ErrorCode::INVALID_ARGUMENT, "A packet is already being waited for.", "Await one packet before the next.");
    if (packets_.empty() && !packetsClosed_) {
      waitingPacket_ = std::move(callback);
      packetRoom_.notify_all();
      return;
    }
    if (!packets_.empty()) {
      packet = std::move(packets_.front());
      packets_.pop_front();
      packetRoom_.notify_all();
    }
  }
  callback(std::move(packet));
}

void Programme::closePackets() {
  PacketCallback callback;
  {
    std::lock_guard lock(packetMutex_);
    packetsClosed_ = true;
    callback = std::move(waitingPacket_);
    waitingPacket_ = nullptr;
    packetRoom_.notify_all();
  }
  if (callback) callback(std::nullopt);
}

int64_t Programme::ticks() const {
  std::lock_guard lock(mutex_);
  return encodeStats_.count;
}

std::vector<StageStats> Programme::stages() const {
  std::lock_guard lock(mutex_);
  return {composeStats_, encodeStats_};
}

std::vector<compose::FollowStats> Programme::followStats() const { return composer_->followStats(); }

}  // namespace framepath::graph
