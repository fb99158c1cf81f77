// Sources of the composition: joining, frames that come in, leaving.
#include <algorithm>

#include "core/clock.h"
#include "graph/composition.h"

namespace framepath::graph {

std::vector<std::string> Composition::modulesOf(const compose::LayoutSpec& layout) {
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

class Composition::SinkWorker : public Worker {
 public:
  SinkWorker(Composition& composition, std::vector<Observed> observed)
      : composition_(composition),
        observed_(std::move(observed)),
        pictures_(composition.device_, composition.options_.transfer) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    composition_.take(*tasks[0], observed_, pictures_);
    results[0] = Observation::of(External{});
  }

 private:
  Composition& composition_;
  const std::vector<Observed> observed_;
  CanvasPictures pictures_;
};

// A module that the layout names and nobody has is refused by the graph.
ModuleNode Composition::sinkNode(const std::vector<ModuleNode>& modules) {
  ModuleNode node;
  node.name = options_.stage;
  node.depends = modulesOf(options_.layout);
  std::vector<Observed> observed;
  for (const std::string& name : node.depends)
    observed.push_back(
        {name, static_cast<size_t>(std::ranges::find(modules, name, &ModuleNode::name) - modules.begin())});
  node.stateful = node.pixels = node.acceptsNothing = node.internal = node.sink = true;
  node.openWorker = [this, observed] { return std::make_unique<SinkWorker>(*this, observed); };
  return node;
}

CanvasSource* Composition::queueOf(int32_t source) {
  const auto found = sources_.find(source);
  return found == sources_.end() ? nullptr : &found->second;
}

CanvasSource& Composition::enroll(const CompositionSource& source) {
  CanvasSource& queue = sources_[source.number];
  queue = {};
  queue.id = source.id;
  queue.live = source.live;
  queue.link = source.link;
  queue.maxAgeNs = source.maxAgeNs;
  queue.audio = source.audio.outputs;
  queue.place = source.audio.place;
  for (size_t o = 0; o < queue.audio.size(); o++) {
    if (!queue.audio[o]) continue;
    outputs_[o]->carry(source.number);
    if (!onlyHeard_.empty()) outputs_[o]->cues().gain(source.number, source.id == onlyHeard_ ? 1.0f : 0.0f);
  }
  setLookAhead(source.number);
  live_ = live_ || source.live;
  if (source.live)
    for (const auto& output : outputs_) output->goByClock();
  return queue;
}

void Composition::setLookAhead(int32_t source) {
  CanvasSource& queue = sources_.at(source);
  queue.lookAheadUs = layout_.redact.lookAheadUs(queue.live);
  clock_.setLookAhead(source, queue.lookAheadUs);
}

// Whether its frames wait here as copies: the source goes on meanwhile.
bool Composition::copies(int32_t source) const {
  std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  return found != sources_.end() && (found->second.live || found->second.lookAheadUs > 0);
}

void Composition::take(const Task& task, const std::vector<Observed>& observed, CanvasPictures& pictures) {
  CanvasFrame item;
  item.lease = task.lease;
  item.frame = pictures.of(task.frame(), copies(task.source));
  item.ptsUs = task.ptsUs;
  item.readNs = task.enteredNs;
  std::vector<std::pair<std::string, const People*>> people;
  for (const auto& [name, position] : observed) {
    const Observation& result = task.observations[position];
    // No value does not mean "nobody there": the composer goes on with what it knew, redaction most of all.
    if (result.state == ObservationState::nothing) continue;
    item.boxes.push_back(tileBoxes(name, result));
    if (const auto* found = result.as<People>()) people.emplace_back(name, found);
  }
  std::vector<CanvasFrame> past;
  std::lock_guard lock(mutex_);
  CanvasSource* const known = queueOf(task.source);
  if (state_ != OutputState::composing || !known || known->state == CanvasState::removed) return;
  CanvasSource& queue = *known;
  const int64_t tookNs = nowNs();
  if (queue.live && queue.maxAgeNs > 0 && tookNs - item.readNs > queue.maxAgeNs) {
    queue.counts.skipped++;
    past.emplace_back().lease = std::move(item.lease);
    return;
  }
  const int64_t tickUs = clock_.tickUs(clock_.tick());
  if (queue.state == CanvasState::joining) {
    queue.state = CanvasState::showing;
    queue.offsetUs = tickUs;
    for (size_t o = 0; o < queue.audio.size(); o++)
      if (queue.audio[o]) outputs_[o]->cues().begin(std::move(queue.audio[o]), tickUs);
    queue.audio.clear();
  }
  if (live_) liveClock_.start(tookNs, tickUs);
  if (queue.live) {
    past.emplace_back().lease = std::move(item.lease);
    queue.placeLive(item, liveClock_, tookNs, past);
  } else {
    item.ptsUs += queue.offsetUs;
  }
  clock_.sawFrame(task.source, item.ptsUs);
  queue.push(std::move(item), task.durationUs);
  clock_.setDuration(task.source, queue.endUs);
  for (const auto& [name, found] : people)
    if (name == layout_.draw.people) queue.ids.saw(*found);
  queue.skip(tickUs, past);
  queue.releaseLeases(tickUs, past);
  changed_.notify_all();
}

bool Composition::admits(const std::string& id) const {
  std::lock_guard lock(mutex_);
  return options_.everybody || layout_.perSource ||
         std::ranges::find(tiles_, id, &compose::TileSpec::reserved) != tiles_.end();
}

void Composition::addSource(const CompositionSource& source) {
  std::lock_guard lock(mutex_);
  const auto present =
      std::ranges::count_if(sources_, [](const auto& item) { return item.second.state != CanvasState::removed; });
  if (layout_.perSource && present >= compose::kMaxTiles)
    throw Error(
        ErrorCode::INVALID_ARGUMENT,
        "The canvas shows " + std::to_string(present) + " sources, and has no place for source \"" + source.id + "\".",
        "Remove a source first.");
  clock_.join(source.number);
  CanvasSource& queue = enroll(source);
  queue.arrivedUs = clock_.tickUs(clock_.tick());
  queue.state = CanvasState::joining;
  queue.tiled = !layout_.perSource;
  if (source.live) changed_.notify_all();  // ticks may be drawn by another clock from here on
}

void Composition::removeSource(int32_t source) {
  std::vector<CanvasFrame> past;
  std::vector<media::AudioRef> unheard;  // closed outside the lock
  std::lock_guard lock(mutex_);
  CanvasSource* const known = queueOf(source);
  if (!known || known->state == CanvasState::removed) return;
  CanvasSource& queue = *known;
  queue.state = CanvasState::removed;
  queue.dropAll(past);
  unheard = std::move(queue.audio);
  for (const auto& output : outputs_) {
    output->cues().end(source, clock_.tickUs(clock_.tick()));
    output->drop(source);
  }
  clock_.leave(source);
  changed_.notify_all();
}

void Composition::sourceFinished(int32_t source, bool failed) {
  std::vector<media::AudioRef> unheard;
  std::lock_guard lock(mutex_);
  CanvasSource* const queue = queueOf(source);
  if (!queue || queue->state == CanvasState::removed) return;
  unheard = std::move(queue->audio);  // it ended without a frame
  sourceFailed_ = sourceFailed_ || failed;
  queue->state = failed ? CanvasState::failed : CanvasState::ended;
  // No audio follows its last picture: it is not missing from there on.
  if (queue->live)
    for (const auto& output : outputs_)
      output->cues().end(source, std::max(queue->endUs, clock_.tickUs(clock_.tick())));
  clock_.sawEnd(source);
  changed_.notify_all();
}

int32_t Composition::numberOf(const std::string& id) const {
  std::string ids;
  int32_t number = -1;
  for (const auto& [each, queue] : sources_) {
    if (queue.state == CanvasState::removed) continue;
    if (queue.id == id) number = each;
    ids += (ids.empty() ? "\"" : ", \"") + queue.id + "\"";
  }
  if (number < 0)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "Expected one of the sources " + (ids.empty() ? "(none)" : ids) + " but received \"" + id + "\".",
                "Audio can be set of sources that the composition has.");
  return number;
}

// Whether some output has its audio, after a check that those can change it.
bool Composition::adjusts(int32_t source) const {
  bool carried = false;
  for (const auto& output : outputs_) {
    if (!output->carries(source)) continue;
    carried = true;
    if (!output->adjustsAudio())
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "Output \"" + output->spec().name + "\" copies the audio of source \"" + sources_.at(source).id +
                      "\" as it is.",
                  "Encode with audio: { [id]: 1 }: it is decoded then, and can be turned down.");
  }
  return carried;
}

void Composition::requireAdjusted(int32_t source) const {
  if (!adjusts(source))
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "No output of composition \"" + options_.name + "\" has the audio of source \"" +
                    sources_.at(source).id + "\".",
                "Encode with audio: 'mix', or { [id]: gain } of all sources to choose from. It may have no audio.");
}

void Composition::setAudio(const AudioChange& change) {
  std::lock_guard lock(mutex_);
  std::map<int32_t, float> gains;
  if (!change.only.empty()) {
    const int32_t heard = numberOf(change.only);
    requireAdjusted(heard);
    for (const auto& [number, queue] : sources_)
      if (adjusts(number)) gains[number] = number == heard ? 1.0f : 0.0f;
  }
  for (const auto& [id, gain] : change.gains) {
    const int32_t number = numberOf(id);
    requireAdjusted(number);
    gains[number] = gain;
  }
  if (!change.only.empty()) onlyHeard_ = change.only;
  for (const auto& output : outputs_)
    for (const auto& [number, gain] : gains)
      if (output->carries(number)) output->cues().gain(number, gain);
}

}  // namespace framepath::graph
