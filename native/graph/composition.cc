#include "graph/composition.h"

#include <algorithm>

#include "core/clock.h"
#include "core/detached_threads.h"
#include "core/thread_name.h"
#include "core/work.h"

namespace framepath::graph {
namespace {

constexpr int32_t kCanvases = 8;  // alive at once beside those that the encoder holds: composing, queued, on their way

}  // namespace

Composition::Composition(CompositionOptions options, std::shared_ptr<Device> device,
                         std::function<void(const Error&)> failed)
    : options_(std::move(options)),
      device_(device),
      tiles_(options_.layout.tiles),
      failed_(std::move(failed)),
      clock_(options_.layout.fpsNum, options_.layout.fpsDen, static_cast<int32_t>(options_.sources.size())) {
  for (int32_t s = 0; const CompositionSource& source : options_.sources) {
    sources_[s].id = source.id;
    sources_[s].live = source.live;
    if (source.live) clock_.setLive(s);
    setLookAhead(s++);
  }
  if (options_.keepsTimes) clock_.keepTimes();
  if (!DetachedThreads::waitForRoom([&] { return options_.deadline->passed(); }))
    throw Error(ErrorCode::CANCELLED, "The run was closed while it waited for encoders of earlier runs.");
  EncodingParts parts;
  parts.recovered = std::make_shared<RecoveryListener>(options_.recovered);
  media::EncoderOptions encoder = options_.output.encoder;
  encoder.stop = options_.deadline;
  encoder.recovered = [listener = parts.recovered](const std::string& what, const std::string& reason) {
    listener->report(what, reason);
  };
  {
    const ThreadName named("encode");
    parts.encoder = media::openEncoder(encoder, device);
  }
  if (!options_.output.path.empty()) {
    media::OutputOptions output;
    output.path = options_.output.path;
    output.audio = options_.audio;
    output.fps = {options_.layout.fpsNum, options_.layout.fpsDen};
    output.ticks = encoder.ticks;
    output.joining = options_.audioJoins;
    output.stop = options_.deadline;
    output.endBy = options_.endBy;
    parts.output = media::openOutput(output, *parts.encoder);
  }
  composer_ = compose::makeComposer(options_.layout, device, parts.encoder->inputFormat(),
                                    kCanvases + parts.encoder->heldCanvases());
  if (options_.output.packets) parts.packets = packets_;
  parts.cues = cues_;
  parts.deadline = options_.deadline;
  parts.trace = options_.trace;
  parts.failed = [this](const Error& error) { failOnce(error); };
  encoding_ = std::make_unique<Encoding>(std::move(parts));
  composeStats_.name = composeStats_.kind = "compose";
}

Composition::~Composition() {
  abort();
  if (composeThread_.joinable()) composeThread_.join();
  encoding_.reset();  // its thread uses what is declared after it
}

void Composition::start() {
  encoding_->start();
  composeThread_ = std::thread([this] { composeTicks(); });
}

int64_t Composition::liveDelayNs() const {
  return kLiveDelayNs + options_.layout.redact.lookAheadUs(true) * 1000;
}

void Composition::stop(int64_t deadlineNs) {
  options_.deadline->at(deadlineNs);
  {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::composing) state_ = OutputState::stopped;
    changed_.notify_all();
  }
  packets_->shutdown();
  encoding_->wake();
}

void Composition::abort() {
  stop(nowNs());
  encoding_->abort();
  closeComposer();
}

void Composition::closeComposer() {
  std::lock_guard lock(mutex_);
  if (composer_) composer_->close();
}

// False: no tick follows.
bool Composition::waitForTick(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (state_ != OutputState::composing || clock_.finished()) return false;
    if (clock_.ready()) return true;
    // Only live sources are waited for by the clock on the wall.
    if (!firstFrameNs_ || !clock_.ready(true)) {
      changed_.wait(lock);
      continue;
    }
    const int64_t dueNs = firstFrameNs_ + clock_.tickUs(clock_.tick()) * 1000 + liveDelayNs();
    const int64_t leftNs = dueNs - nowNs();
    if (leftNs <= 0) return true;
    changed_.wait_for(lock, std::chrono::nanoseconds(leftNs));
  }
}

// Sources that joined get their tile, those that were taken out lose theirs.
void Composition::changeTiles() {
  for (auto& [number, queue] : sources_) {
    if (queue.state == CanvasState::removed) {
      for (size_t t = tiles_.size(); t-- > 0;) {
        if (tiles_[t].source != number) continue;
        composer_->removeTile(t);
        tiles_.erase(tiles_.begin() + static_cast<ptrdiff_t>(t));
      }
    } else if (!queue.tiled && queue.state != CanvasState::joining) {
      queue.tiled = true;
      if (!queue.current && queue.waiting.empty()) continue;
      compose::TileSpec& tile = tiles_.emplace_back();
      tile.source = number;
      tile.label = queue.id;
      composer_->addTile(tile);
    }
  }
  std::erase_if(sources_, [](const auto& item) { return item.second.state == CanvasState::removed; });
}

// What every tile shows at a tick. Frames that are over go to past_.
std::vector<compose::TileInput> Composition::inputsAt(int64_t tickUs) {
  for (auto& [number, queue] : sources_) queue.advance(tickUs, past_);
  std::vector<compose::TileInput> inputs(tiles_.size());
  for (size_t t = 0; t < inputs.size(); t++) {
    const CanvasSource& queue = sources_.at(tiles_[t].source);
    compose::TileInput& input = inputs[t];
    const bool over = queue.over(tickUs);
    const bool failed = queue.state == CanvasState::failed;
    input.state = over            ? (failed ? compose::TileState::failed : compose::TileState::ended)
                  : queue.current ? compose::TileState::live
                                  : compose::TileState::starting;
    if (!queue.current) continue;
    input.frame = queue.current->frame;  // the first tick past the end too: the composer copies it to hold
    input.fresh = queue.current->fresh;
    input.observations = queue.current->boxes;
    for (compose::TileBoxes& boxes : input.observations) queue.ids.fill(boxes);
    input.coming = queue.coming(options_.layout.redact.module);
  }
  for (auto& [number, queue] : sources_) queue.drawn(tickUs, past_);
  return inputs;
}

// A canvas is drawn.
void Composition::spent(int64_t tick, int64_t waitingNs, int64_t startNs) {
  const int64_t endNs = nowNs();
  if (options_.trace) options_.trace->add({composeStats_.name, 0, -1, tick, waitingNs, startNs, endNs});
  std::lock_guard lock(mutex_);
  composeStats_.addWork(waitingNs, startNs, endNs);
}

void Composition::composeTicks() {
  const ThreadName named("compose");
  try {
    for (;;) {
      std::vector<compose::TileInput> inputs;
      std::vector<CanvasFrame> past;
      int64_t tick = 0, ptsUs = 0;
      const int64_t waitingNs = nowNs();
      {
        std::unique_lock lock(mutex_);
        if (!waitForTick(lock)) {
          if (state_ != OutputState::failed && clock_.finished()) state_ = OutputState::composed;
          break;
        }
        tick = clock_.tick();
        ptsUs = clock_.tickUs(tick);
        changeTiles();
        inputs = inputsAt(ptsUs);
        clock_.advance();
        for (auto& [number, queue] : sources_) {
          queue.skip(clock_.tickUs(clock_.tick()), past_);
          queue.releaseLeases(clock_.tickUs(clock_.tick()), past_);
        }
        past.swap(past_);
      }
      const int64_t startNs = nowNs();
      const WorkScope at({composeStats_.name, 0, -1, tick});
      FrameRef canvas = composer_->compose(tick, ptsUs, inputs);
      inputs.clear();
      past.clear();
      spent(tick, waitingNs, startNs);
      if (!canvas || !encoding_->push(std::move(canvas))) break;
    }
  } catch (const Error& e) {
    failOnce(e);
  } catch (const std::exception& e) {
    failOnce(Error(ErrorCode::INTERNAL, std::string("Composing failed: ") + e.what()));
  }
  std::map<int32_t, CanvasSource> dropped;
  {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::composing) state_ = OutputState::stopped;
    dropped.swap(sources_);
  }
  encoding_->close();
}

void Composition::failOnce(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::failed) return;
    if (state_ != OutputState::stopped) failure_ = error;  // else it was broken off
    state_ = OutputState::failed;
    changed_.notify_all();
  }
  failed_(error);
}

media::OutputResult Composition::finish(bool complete) {
  Encoding::End end = encoding_->finish();
  if (!end.whole) closeComposer();
  if (composeThread_.joinable()) composeThread_.join();
  media::OutputResult result;
  result.codec = encoding_->codec();
  result.frames = encoding_->stats().count;
  {
    std::lock_guard lock(mutex_);
    result.complete = complete && end.whole && state_ == OutputState::composed;
  }
  follow_ = composer_->followStats();
  const auto free = [&] {  // packets may still be asked for; what they were made with is not needed any more
    end.output.reset();
    encoding_->freeEncoder();
    std::lock_guard lock(mutex_);
    composer_.reset();
  };
  try {
    if (end.output) result = end.output->finish(result.complete);
  } catch (...) {
    free();
    throw;
  }
  addRate(result);
  free();
  return result;
}

void Composition::addRate(media::OutputResult& result) const {
  result.rate = encoding_->rate();
  result.bytes = encoding_->bytes();
  if (result.frames > 0)
    result.bitrate = result.bytes * 8 * options_.layout.fpsNum / (result.frames * options_.layout.fpsDen);
}

media::OutputResult Composition::soFar() const {
  media::OutputResult result;
  result.path = options_.output.path;
  result.codec = encoding_->codec();
  result.frames = encoding_->stats().count;
  result.durationMs = result.frames * 1000 * options_.layout.fpsDen / std::max<int64_t>(1, options_.layout.fpsNum);
  addRate(result);
  return result;
}

std::optional<Error> Composition::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Composition::nextPacket(PacketCallback callback) {
  packets_->next(std::move(callback));
}

std::vector<StageStats> Composition::stages() const {
  std::lock_guard lock(mutex_);
  return {composeStats_, encoding_->stats()};
}

std::vector<compose::FollowStats> Composition::followStats() const {
  return follow_;
}

}  // namespace framepath::graph
