#include "graph/composition.h"

#include <algorithm>

#include "core/clock.h"
#include "core/detached_threads.h"
#include "core/thread_name.h"
#include "core/work.h"

namespace framepath::graph {
namespace {

constexpr int32_t kCanvases = 8;       // alive at once beside those that encoders hold: composing, queued, on their way
constexpr int32_t kQueued = 4;         // of each further output: queued and at work
constexpr int32_t kMostCanvases = 64;  // a GPU's encoders take no more of them: further outputs have copies
constexpr int64_t kFirstFrameNs = 5'000'000'000;  // then the canvases of live sources begin without any
constexpr int64_t kMostLateNs = 500'000'000;      // a tick of live sources that is later is left out

}  // namespace

Composition::Composition(CompositionOptions options, std::shared_ptr<Device> device)
    : options_(std::move(options)),
      device_(std::move(device)),
      layout_(options_.layout),
      tiles_(options_.layout.tiles),
      clock_(options_.layout.fpsNum, options_.layout.fpsDen),
      liveClock_(options_.layout.fpsNum, options_.layout.fpsDen, options_.layout.redact.lookAheadUs(true),
                 std::ranges::any_of(options_.outputs,
                                     [](const CompositionOutputOptions& output) {
                                       return output.spec.encoder.latency == media::Latency::low;
                                     })),
      failures_(options_.outputs.size()) {
  for (const CompositionSource& source : options_.sources) {
    clock_.add(source.number);
    enroll(source);
  }
  if (options_.keepsTimes) clock_.keepTimes();
  numberReserved(tiles_);
  if (!DetachedThreads::waitForRoom([&] { return options_.stops.deadline->passed(); }))
    throw Error(ErrorCode::CANCELLED, "The run was closed while it waited for encoders of earlier runs.");
  for (const CompositionOutputOptions& output : options_.outputs) {
    const auto number = static_cast<int32_t>(outputs_.size());
    outputs_.push_back(
        std::make_unique<CompositionOutput>(output, options_.stops, device_, options_.trace,
                                            [this, number](const Error& error) { failOutput(number, error); }));
  }
  // Canvases are drawn as the first encoder of their size takes them.
  const auto native =
      std::ranges::find_if(outputs_, [&](const auto& output) { return output->takes(options_.layout); });
  const PixelFormat format = native != outputs_.end() ? (*native)->inputFormat()
                             : outputs_.empty()       ? pixelFormat::yuv420p
                                                      : outputs_.front()->inputFormat();
  int32_t canvases = kCanvases + (options_.canvases ? static_cast<int32_t>(CanvasQueue::kMost) : 0);
  canvases += kQueued * (std::max<int32_t>(1, static_cast<int32_t>(outputs_.size())) - 1);
  for (const auto& output : outputs_) {
    const bool tooMany = canvases + output->heldByEncoder() > kMostCanvases && output != outputs_.front();
    output->setCanvas(options_.layout, format, tooMany);
    canvases += output->heldCanvases();
  }
  if (options_.canvases && options_.transfer != ColorTransfer::sdr) sdrCanvases_.emplace(device_);
  composer_ = compose::makeComposer(options_.layout, device_, {format, options_.transfer}, canvases);
  composeStats_.name = options_.stage;
  composeStats_.kind = "compose";
}

Composition::~Composition() {
  abort();
  if (composeThread_.joinable()) composeThread_.join();
  outputs_.clear();  // their threads use what is declared after them
}

void Composition::start() {
  startedNs_ = nowNs();
  for (const auto& output : outputs_) output->start();
  composeThread_ = std::thread([this] { composeTicks(); });
}

void Composition::stop(int64_t deadlineNs) {
  options_.stops.deadline->at(deadlineNs);
  {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::composing) state_ = OutputState::stopped;
    changed_.notify_all();
  }
  canvases_.shutdown();
  for (const auto& output : outputs_) output->stop();
}

void Composition::wake() {
  for (const auto& output : outputs_) output->wake();
}

void Composition::abort() {
  stop(nowNs());
  for (const auto& output : outputs_) output->abort();
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
      int64_t tick = 0, ptsUs = 0, readNs = 0;
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
        readNs = oldestNewNs();
        for (auto& [number, queue] : sources_) queue.drawn(ptsUs, past_);
        clock_.advance();
        liveClock_.drawn();
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
      if (!canvas || !handOver(canvas, readNs)) break;
    }
  } catch (const Error& e) {
    fail(e);
  } catch (const std::exception& e) {
    fail(Error(ErrorCode::INTERNAL, std::string("Composing failed: ") + e.what()));
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
                       std::to_string(skippedTicks_) + " canvases: an output was slower than the clock.");
  for (const auto& output : outputs_) output->close();
  canvases_.close();
}

// To everybody who takes canvases; a slow one holds up the others only where no source is live. False: nobody is left.
bool Composition::handOver(const FrameRef& canvas, int64_t readNs) {
  bool wait = outputs_.size() + (options_.canvases ? 1 : 0) == 1;
  if (!wait) {
    std::lock_guard lock(mutex_);
    wait = !live_;
  }
  bool taken = false;
  for (const auto& output : outputs_) taken |= output->push(canvas, readNs, wait);
  if (!options_.canvases) return taken;
  const FrameRef sdr = sdrCanvases_ ? sdrCanvases_->of(canvas) : canvas;
  if (wait)
    canvases_.put(sdr);
  else
    canvases_.offer(sdr);
  return true;
}

void Composition::failOutput(int32_t output, const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::stopped) return;  // it was broken off
    std::optional<Error>& known = failures_[static_cast<size_t>(output)];
    if (known) return;
    known = error;
  }
  options_.failed(output, error);
}

void Composition::fail(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    const bool brokenOff = state_ == OutputState::stopped;
    state_ = OutputState::failed;
    if (brokenOff) return;
    for (std::optional<Error>& failure : failures_)
      if (!failure) failure = error;
    changed_.notify_all();
  }
  options_.failed(kWhole, error);
}

OutputReport Composition::reportOf(size_t output, media::OutputResult result) const {
  const OutputSpec& spec = outputs_[output]->spec();
  OutputReport report;
  report.name = spec.name;
  report.composition = options_.name;
  report.width = spec.encoder.width;
  report.height = spec.encoder.height;
  report.dynamicRange = spec.encoder.dynamicRange;
  report.dropped = outputs_[output]->dropped();
  report.latency = outputs_[output]->latency();
  const media::OutputLink& link = outputs_[output]->link();
  report.connection = link.connection;
  report.reconnects = link.reconnects;
  report.lost = link.lost;
  {
    std::lock_guard lock(mutex_);
    report.error = failures_[output];
  }
  report.result = std::move(result);
  report.result.complete = report.result.complete && !report.error;
  return report;
}

std::vector<OutputReport> Composition::finish(bool complete) {
  std::vector<Encoding::End> ends;
  bool whole = true;
  for (const auto& output : outputs_) {
    ends.push_back(output->finishEncoding());
    whole = whole && ends.back().whole;
  }
  if (!whole && (!options_.canvases || options_.stops.deadline->passed())) closeComposer();
  if (composeThread_.joinable()) composeThread_.join();
  {
    std::lock_guard lock(mutex_);
    complete = complete && state_ == OutputState::composed && !sourceFailed_;
  }
  follow_ = composer_->followStats();
  std::vector<OutputReport> reports;
  for (size_t i = 0; i < outputs_.size(); i++) {
    media::OutputResult result;
    try {
      result = outputs_[i]->finish(std::move(ends[i]), complete);
    } catch (const Error& e) {
      result = outputs_[i]->soFar();
      failFinishing(i, e);
    }
    reports.push_back(reportOf(i, std::move(result)));
  }
  std::lock_guard lock(mutex_);
  composer_.reset();
  return reports;
}

// Also of what was broken off: a file that could not be ended is worse than a short one.
void Composition::failFinishing(size_t output, const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (failures_[output]) return;
    failures_[output] = error;
  }
  options_.failed(static_cast<int32_t>(output), error);
}

std::vector<OutputReport> Composition::soFar() const {
  std::vector<OutputReport> reports;
  for (size_t i = 0; i < outputs_.size(); i++) reports.push_back(reportOf(i, outputs_[i]->soFar()));
  return reports;
}

void Composition::nextPacket(size_t output, PacketQueue::Callback callback) {
  outputs_[output]->packets().next(std::move(callback));
}

void Composition::nextCanvas(CanvasQueue::Callback callback) {
  canvases_.next(std::move(callback));
}

std::vector<StageStats> Composition::stages() const {
  std::vector<StageStats> stages;
  {
    std::lock_guard lock(mutex_);
    stages.push_back(composeStats_);
  }
  for (const auto& output : outputs_) stages.push_back(output->stats());
  return stages;
}

std::vector<compose::FollowStats> Composition::followStats() const {
  return follow_;
}

std::vector<std::weak_ptr<const void>> Composition::encoders() const {
  std::vector<std::weak_ptr<const void>> encoders;
  for (const auto& output : outputs_) encoders.push_back(output->encoder());
  return encoders;
}

}  // namespace framepath::graph
