#include "graph/composition.h"

#include <algorithm>

#include "core/clock.h"
#include "core/detached_threads.h"
#include "core/thread_name.h"
#include "core/work.h"

namespace framepath::graph {
namespace {

constexpr int32_t kCanvases = 8;  // alive at once beside those that the encoder holds: composing, queued, on their way
constexpr int64_t kFirstFrameNs = 5'000'000'000;  // then the canvases of live sources begin without any
constexpr int64_t kMostLateNs = 500'000'000;      // a tick of live sources that is later is left out

}  // namespace

Composition::Composition(CompositionOptions options, std::shared_ptr<Device> device,
                         std::function<void(const Error&)> failed)
    : options_(std::move(options)),
      device_(device),
      failed_(std::move(failed)),
      layout_(options_.layout),
      tiles_(options_.layout.tiles),
      clock_(options_.layout.fpsNum, options_.layout.fpsDen, static_cast<int32_t>(options_.sources.size())),
      liveClock_(options_.layout.fpsNum, options_.layout.fpsDen, options_.layout.redact.lookAheadUs(true)) {
  for (int32_t s = 0; const CompositionSource& source : options_.sources) enroll(s++, source);
  numberReserved(tiles_);
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
  startedNs_ = nowNs();
  encoding_->start();
  composeThread_ = std::thread([this] { composeTicks(); });
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
    if (!live_) {
      if (clock_.ready()) return true;
      changed_.wait(lock);
      continue;
    }
    const int64_t leftNs = liveTickNs();
    if (leftNs <= 0) return true;
    changed_.wait_for(lock, std::chrono::nanoseconds(leftNs));
  }
}

// How long until the next tick is drawn. Those that nobody would see in time are left out: the encoder did not keep up.
int64_t Composition::liveTickNs() {
  const int64_t now = nowNs();
  if (!liveClock_.running()) {
    const int64_t leftNs = startedNs_ + kFirstFrameNs - now;
    if (leftNs > 0) return leftNs;
    liveClock_.start(now, clock_.tickUs(clock_.tick()));
  }
  const int64_t leftNs = liveClock_.dueNs(clock_.tickUs(clock_.tick())) - now;
  if (leftNs < -kMostLateNs) skippedTicks_ += clock_.skipTo(clock_.tickUs(clock_.tick()) - leftNs / 1000);
  return leftNs;
}

// A canvas is drawn.
void Composition::spent(int64_t tick, int64_t waitingNs, int64_t startNs) {
  const int64_t endNs = nowNs();
  if (options_.trace) options_.trace->add({composeStats_.name, 0, -1, tick, waitingNs, startNs, endNs});
  std::lock_guard lock(mutex_);
  composeStats_.addWork(waitingNs, startNs, endNs);
}

// The last canvas of the layout before is drawn for the transition only. Its pictures are not new a second time.
void Composition::apply(const LayoutChange& change, int64_t tick, int64_t ptsUs,
                        std::vector<compose::TileInput>& inputs) {
  FrameRef before;
  if (change.transitionUs > 0) {
    before = composer_->compose(tick, ptsUs, change.before);
    for (size_t t = 0; t < inputs.size(); t++) inputs[t].fresh = inputs[t].fresh && change.same[t] < 0;
  }
  composer_->setLayout(change.layout, change.same, std::move(before), change.transitionUs);
}

void Composition::composeTicks() {
  const ThreadName named("compose");
  try {
    for (;;) {
      std::vector<compose::TileInput> inputs;
      std::vector<CanvasFrame> past;
      std::optional<LayoutChange> change;
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
        change = takeLayout(ptsUs);
        inputs = inputsAt(ptsUs);
        for (auto& [number, queue] : sources_) queue.drawn(ptsUs, past_);
        clock_.advance();
        for (auto& [number, queue] : sources_) {
          queue.skip(clock_.tickUs(clock_.tick()), past_);
          queue.releaseLeases(clock_.tickUs(clock_.tick()), past_);
        }
        past.swap(past_);
      }
      const int64_t startNs = nowNs();
      const WorkScope at({composeStats_.name, 0, -1, tick});
      if (change) apply(*change, tick, ptsUs, inputs);
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
    for (const auto& [number, queue] : sources_) gone_[number] = queue.counts;
    dropped.swap(sources_);
  }
  if (skippedTicks_ > 0 && options_.recovered)
    options_.recovered("canvases left out",
                       std::to_string(skippedTicks_) + " canvases: the encoder was slower than the clock.");
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
