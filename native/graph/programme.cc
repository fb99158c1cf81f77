#include "graph/programme.h"

#include <algorithm>

#include "core/clock.h"
#include "core/leftover.h"
#include "core/thread_name.h"
#include "core/work.h"

namespace framepath::graph {
namespace {

constexpr int32_t kCanvases = 8;  // alive at once beside those that the encoder holds: composing, queued, on their way

std::vector<std::string> modulesOf(const compose::LayoutSpec& layout) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const compose::TileSpec& tile : layout.tiles) add(tile.follow.module);
  add(layout.redact.module);
  add(layout.draw.boxes);
  add(layout.draw.people);
  return names;
}

}  // namespace

class Programme::SinkWorker : public Worker {
 public:
  SinkWorker(Programme& programme, std::vector<Observed> observed)
      : programme_(programme), observed_(std::move(observed)), copier_(programme.device_) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> says) override {
    programme_.take(*tasks[0], observed_, copier_);
    says[0] = Observation::of(External{});
  }

 private:
  Programme& programme_;
  const std::vector<Observed> observed_;
  FrameCopier copier_;
};

Programme::Programme(ProgrammeOptions options, std::shared_ptr<Device> device, std::function<void(const Error&)> failed)
    : options_(std::move(options)),
      device_(device),
      tiles_(options_.layout.tiles),
      failed_(std::move(failed)),
      clock_(options_.layout.fpsNum, options_.layout.fpsDen, static_cast<int32_t>(options_.sources.size())) {
  for (int32_t s = 0; const ProgrammeSource& source : options_.sources) {
    sources_[s].id = source.id;
    sources_[s].live = source.live;
    if (source.live) clock_.setLive(s);
    setLookAhead(s++);
  }
  if (!Leftovers::waitForRoom([&] { return options_.giveUp->passed(); }))
    throw Error(ErrorCode::CANCELLED, "The run was closed while it waited for encoders of earlier runs.");
  EncodingParts parts;
  parts.recovered = std::make_shared<RecoveryTold>(options_.recovered);
  media::EncoderOptions encoder = options_.output.encoder;
  encoder.stop = options_.giveUp;
  encoder.recovered = [told = parts.recovered](const std::string& what, const std::string& reason) {
    told->tell(what, reason);
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
    output.joining = options_.soundsJoin;
    output.stop = options_.giveUp;
    output.endBy = options_.endBy;
    parts.output = media::openOutput(output, *parts.encoder);
  }
  composer_ = compose::makeComposer(options_.layout, device, parts.encoder->inputFormat(),
                                    kCanvases + parts.encoder->heldCanvases());
  if (options_.output.packets) parts.packets = packets_;
  parts.cues = cues_;
  parts.giveUp = options_.giveUp;
  parts.trace = options_.trace;
  parts.failed = [this](const Error& error) { failOnce(error); };
  encoding_ = std::make_unique<Encoding>(std::move(parts));
  composeStats_.name = composeStats_.kind = "compose";
}

Programme::~Programme() {
  abort();
  if (composeThread_.joinable()) composeThread_.join();
  encoding_.reset();  // its thread uses what is declared after it
}

// A module that the layout names and nobody has is refused by the graph.
ModuleNode Programme::sinkNode(const std::vector<ModuleNode>& modules) {
  ModuleNode node;
  node.name = "compose";
  node.depends = modulesOf(options_.layout);
  std::vector<Observed> observed;
  for (const std::string& name : node.depends)
    observed.push_back(
        {name, static_cast<size_t>(std::ranges::find(modules, name, &ModuleNode::name) - modules.begin())});
  node.stateful = node.pixels = node.acceptsNothing = node.internal = node.sink = true;
  node.openWorker = [this, observed] { return std::make_unique<SinkWorker>(*this, observed); };
  return node;
}

void Programme::start() {
  encoding_->start();
  composeThread_ = std::thread([this] { composeTicks(); });
}

CanvasSource* Programme::queueOf(int32_t source) {
  const auto found = sources_.find(source);
  return found == sources_.end() ? nullptr : &found->second;
}

void Programme::setLookAhead(int32_t source) {
  CanvasSource& queue = sources_.at(source);
  queue.lookAheadUs = options_.layout.redact.lookAheadUs(queue.live);
  clock_.setLookAhead(source, queue.lookAheadUs);
}

int64_t Programme::lookAheadOf(int32_t source) const {
  std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  return found == sources_.end() ? 0 : found->second.lookAheadUs;
}

int64_t Programme::liveDelayNs() const {
  return kLiveDelayNs + options_.layout.redact.lookAheadUs(true) * 1000;
}

void Programme::take(const Task& task, const std::vector<Observed>& observed, FrameCopier& copier) {
  CanvasFrame item;
  item.lease = task.lease;
  item.frame = lookAheadOf(task.source) > 0 ? copier.copy(*task.frame()) : task.frame();
  item.ptsUs = task.ptsUs;
  const People* people = nullptr;
  for (const auto& [name, position] : observed) {
    const Observation& says = task.observations[position];
    // Nothing said is not "nobody there": the composer goes on with what it knew, redaction most of all.
    if (says.said == Said::nothing) continue;
    item.boxes.push_back(tileBoxes(name, says));
    if (name == options_.layout.draw.people) people = says.as<People>();
  }
  std::vector<CanvasFrame> past;
  std::lock_guard lock(mutex_);
  CanvasSource* const known = queueOf(task.source);
  if (state_ != OutputState::composing || !known || known->removed) return;
  CanvasSource& queue = *known;
  if (!firstFrameNs_) firstFrameNs_ = nowNs();
  const int64_t tickUs = clock_.tickUs(clock_.tick());
  if (queue.joining) {
    queue.joining = false;
    queue.offsetUs = tickUs;
    if (queue.sound) cues_->begin(std::move(queue.sound), tickUs);
  }
  item.ptsUs += queue.offsetUs;
  queue.endUs = item.ptsUs + std::max<int64_t>(task.durationUs, 1);
  clock_.sawFrame(task.source, item.ptsUs);
  clock_.setDuration(task.source, queue.endUs);
  if (people) queue.ids.saw(*people);
  queue.waiting.push_back(std::move(item));
  queue.skip(tickUs, past);
  queue.releaseLeases(tickUs, past);
  changed_.notify_all();
}

void Programme::addSource(int32_t number, const ProgrammeSource& source) {
  std::lock_guard lock(mutex_);
  const auto present = std::ranges::count_if(sources_, [](const auto& item) { return !item.second.removed; });
  if (options_.layout.perSource && present >= compose::kMaxTiles)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The canvas shows " + std::to_string(present) + " sources, and has no place for source \"" + source.id +
                    "\".",
                "Remove a source first.");
  clock_.join(number);
  if (source.live) clock_.setLive(number);
  CanvasSource& queue = sources_[number];
  queue = {};
  queue.id = source.id;
  queue.live = source.live;
  queue.sound = source.sound;
  queue.joining = true;
  queue.tiled = !options_.layout.perSource;
  setLookAhead(number);
}

void Programme::removeSource(int32_t source) {
  std::vector<CanvasFrame> past;
  media::SoundRef unheard;  // closed outside the lock
  std::lock_guard lock(mutex_);
  CanvasSource* const known = queueOf(source);
  if (!known || known->removed) return;
  CanvasSource& queue = *known;
  queue.removed = true;
  queue.tiled = false;
  queue.dropAll(past);
  unheard = std::move(queue.sound);
  cues_->end(source, clock_.tickUs(clock_.tick()));
  clock_.leave(source);
  changed_.notify_all();
}

void Programme::sourceFinished(int32_t source, bool failed) {
  media::SoundRef unheard;
  std::lock_guard lock(mutex_);
  CanvasSource* const queue = queueOf(source);
  if (!queue || queue->removed) return;
  unheard = std::move(queue->sound);  // it ended without a frame
  queue->ended = true;
  queue->failed = failed;
  clock_.sawEnd(source);
  changed_.notify_all();
}

void Programme::stop(int64_t giveUpNs) {
  options_.giveUp->at(giveUpNs);
  {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::composing) state_ = OutputState::stopped;
    changed_.notify_all();
  }
  packets_->hurry();
  encoding_->wake();
}

void Programme::abort() {
  stop(nowNs());
  encoding_->abort();
  closeComposer();
}

void Programme::closeComposer() {
  std::lock_guard lock(mutex_);
  if (composer_) composer_->close();
}

// False: no tick follows.
bool Programme::waitForTick(std::unique_lock<std::mutex>& lock) {
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
void Programme::changeTiles() {
  for (auto& [number, queue] : sources_) {
    if (queue.removed) {
      for (size_t t = tiles_.size(); t-- > 0;) {
        if (tiles_[t].source != number) continue;
        composer_->removeTile(t);
        tiles_.erase(tiles_.begin() + static_cast<ptrdiff_t>(t));
      }
    } else if (!queue.tiled && !queue.joining) {
      queue.tiled = true;
      if (!queue.current && queue.waiting.empty()) continue;
      compose::TileSpec& tile = tiles_.emplace_back();
      tile.source = number;
      tile.label = queue.id;
      composer_->addTile(tile);
    }
  }
  std::erase_if(sources_, [](const auto& item) { return item.second.removed; });
}

// What every tile shows at a tick. Frames that are over go to past_.
std::vector<compose::TileInput> Programme::inputsAt(int64_t tickUs) {
  for (auto& [number, queue] : sources_) queue.advance(tickUs, past_);
  std::vector<compose::TileInput> inputs(tiles_.size());
  for (size_t t = 0; t < inputs.size(); t++) {
    const CanvasSource& queue = sources_.at(tiles_[t].source);
    compose::TileInput& input = inputs[t];
    const bool over = queue.over(tickUs);
    input.state = over            ? (queue.failed ? compose::TileState::failed : compose::TileState::ended)
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
void Programme::spent(int64_t tick, int64_t waitingNs, int64_t startNs) {
  const int64_t endNs = nowNs();
  if (options_.trace) options_.trace->add({composeStats_.name, 0, -1, tick, waitingNs, startNs, endNs});
  std::lock_guard lock(mutex_);
  composeStats_.addWork(waitingNs, startNs, endNs);
}

void Programme::composeTicks() {
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

void Programme::failOnce(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::failed) return;
    if (state_ != OutputState::stopped) failure_ = error;  // else it was broken off
    state_ = OutputState::failed;
    changed_.notify_all();
  }
  failed_(error);
}

media::OutputResult Programme::finish(bool complete) {
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

void Programme::addRate(media::OutputResult& result) const {
  result.rate = encoding_->rate();
  result.bytes = encoding_->bytes();
  if (result.frames > 0)
    result.bitrate = result.bytes * 8 * options_.layout.fpsNum / (result.frames * options_.layout.fpsDen);
}

media::OutputResult Programme::soFar() const {
  media::OutputResult result;
  result.path = options_.output.path;
  result.codec = encoding_->codec();
  result.frames = encoding_->stats().count;
  result.durationMs = result.frames * 1000 * options_.layout.fpsDen / std::max<int64_t>(1, options_.layout.fpsNum);
  addRate(result);
  return result;
}

std::optional<Error> Programme::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Programme::nextPacket(PacketCallback callback) {
  packets_->next(std::move(callback));
}

std::vector<StageStats> Programme::stages() const {
  std::lock_guard lock(mutex_);
  return {composeStats_, encoding_->stats()};
}

std::vector<compose::FollowStats> Programme::followStats() const {
  return follow_;
}

}  // namespace framepath::graph
