#include "graph/compositions.h"

#include <utility>

namespace framepath::graph {
namespace {

// The one that is meant.
template <typename Item>
const Item& chosen(const std::vector<Item>& items, const std::string& name, const Error& none) {
  if (items.empty()) throw none;
  std::string names;
  for (const Item& item : items) {
    if (item.name == name || (name.empty() && items.size() == 1)) return item;
    names += (names.empty() ? "\"" : ", \"") + item.name + "\"";
  }
  throw Error(
      ErrorCode::INVALID_ARGUMENT,
      "Expected one of " + names + " for name but received " + (name.empty() ? "none" : "\"" + name + "\"") + ".",
      none.hint);
}

}  // namespace

Error keepsNoPackets() {
  return Error(ErrorCode::INVALID_ARGUMENT, "This run keeps no packets.",
               "Ask for them when encoding: .encode(path, { packets: true }).");
}

Error keepsNoCanvases() {
  return Error(ErrorCode::INVALID_ARGUMENT, "This run keeps no canvases.",
               "Ask for them when composing: .compose(layout, { canvases: true }).");
}

Error composesNothing() {
  return Error(ErrorCode::INVALID_ARGUMENT, "This run composes nothing, so it has no layout and no audio to change.",
               "Compose and encode: .compose(layout).encode(path).");
}

void Compositions::open(CompositionOptions options, const std::shared_ptr<Device>& device) {
  const size_t number = all_.size();
  takers_ += options.outputs.size() + (options.canvases ? 1 : 0);
  options.failed = [this, number](int32_t output, const Error& error) { lost(*all_[number], output, error); };
  all_.push_back(std::make_shared<Composition>(std::move(options), device));
  for (const auto& output : all_.back()->outputs())
    if (output->rate().control == media::RateControl::capped)
      recoveries_.add({output->spec().name, "bitrate capped, not adapted",
                       "Its encoder keeps its rate for life: constant quality, at most the bitrate's max."});
}

std::vector<ModuleNode> Compositions::sinkNodes(const std::vector<ModuleNode>& modules) {
  std::vector<ModuleNode> nodes;
  for (const auto& composition : all_) nodes.push_back(composition->sinkNode(modules));
  return nodes;
}

void Compositions::start() {
  for (const auto& composition : all_) composition->start();
}

std::vector<bool> Compositions::admits(const std::string& id) const {
  std::vector<bool> admitted;
  for (const auto& composition : all_) admitted.push_back(composition->admits(id));
  return admitted;
}

bool Compositions::keepHdr() const {
  return std::ranges::any_of(all_, [](const auto& one) { return one->transfer() != ColorTransfer::sdr; });
}

void Compositions::addSource(const CompositionSource& source, const std::vector<JoiningAudio>& audio) {
  const std::vector<bool> admitted = admits(source.id);
  size_t added = 0;
  try {
    for (; added < all_.size(); added++) {
      if (!admitted[added]) continue;
      CompositionSource own = source;
      own.audio = audio[added];
      all_[added]->addSource(own);
    }
  } catch (...) {
    while (added-- > 0) all_[added]->removeSource(source.number);
    throw;
  }
}

std::vector<CanvasCounts> Compositions::countsOf(int32_t sources) const {
  std::vector<CanvasCounts> all(static_cast<size_t>(sources));
  for (int32_t s = 0; s < sources; s++)
    for (const auto& composition : all_) all[static_cast<size_t>(s)] += composition->countsOf(s);
  return all;
}

void Compositions::removeSource(int32_t source) {
  for (const auto& composition : all_) composition->removeSource(source);
}

void Compositions::sourceFinished(int32_t source, bool failed) {
  for (const auto& composition : all_) composition->sourceFinished(source, failed);
}

void Compositions::stop(int64_t deadlineNs) {
  for (const auto& composition : all_) composition->stop(deadlineNs);
}

void Compositions::wake() {
  for (const auto& composition : all_) composition->wake();
}

void Compositions::abort() {
  for (const auto& composition : all_) composition->abort();
}

std::vector<OutputReport> Compositions::finish(bool complete) {
  std::vector<OutputReport> reports;
  for (const auto& composition : all_)
    for (OutputReport& report : composition->finish(complete)) reports.push_back(std::move(report));
  return reports;
}

std::vector<OutputReport> Compositions::soFar() const {
  std::vector<OutputReport> reports;
  for (const auto& composition : all_)
    for (OutputReport& report : composition->soFar()) reports.push_back(std::move(report));
  return reports;
}

std::vector<StageStats> Compositions::stages() const {
  std::vector<StageStats> stages;
  for (const auto& composition : all_)
    for (StageStats& stage : composition->stages()) stages.push_back(std::move(stage));
  return stages;
}

std::vector<FollowReport> Compositions::followStats() const {
  std::vector<FollowReport> follow;
  for (const auto& composition : all_)
    for (const compose::FollowStats& stats : composition->followStats()) follow.push_back({composition->name(), stats});
  return follow;
}

std::vector<std::weak_ptr<const void>> Compositions::encoders() const {
  std::vector<std::weak_ptr<const void>> encoders;
  for (const auto& composition : all_)
    for (std::weak_ptr<const void>& encoder : composition->encoders()) encoders.push_back(std::move(encoder));
  return encoders;
}

void Compositions::lost(const Composition& composition, int32_t output, const Error& error) {
  if (output != Composition::kWhole) {
    const OutputSpec& spec = composition.outputs()[static_cast<size_t>(output)]->spec();
    return lostOne(spec.name, spec.required, error);
  }
  for (const auto& each : composition.outputs()) lostOne(each->spec().name, each->spec().required, error);
  if (composition.keepsCanvases()) lostOne(composition.name(), false, error);
}

void Compositions::lostOne(const std::string& name, bool required, const Error& error) {
  bool ends = false;
  {
    std::lock_guard lock(mutex_);
    ends = !failure_ && (--takers_ == 0 || required);
    if (ends) failure_ = error;
  }
  if (ends)
    failed_(error);
  else
    recoveries_.add({name, "output lost, the others went on", error.sentence});
}

std::optional<Error> Compositions::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Compositions::nextPacket(const std::string& output, PacketQueue::Callback callback) {
  struct Kept {
    const std::string& name;
    Composition* composition;
    size_t number;
  };
  std::vector<Kept> kept;
  for (const auto& composition : all_)
    for (size_t o = 0; o < composition->outputs().size(); o++)
      if (const OutputSpec& spec = composition->outputs()[o]->spec(); spec.packets)
        kept.push_back({spec.name, composition.get(), o});
  const Kept& one = chosen(kept, output, keepsNoPackets());
  one.composition->nextPacket(one.number, std::move(callback));
}

namespace {

struct Named {
  const std::string& name;
  Composition* composition;
};

}  // namespace

void Compositions::nextCanvas(const std::string& composition, CanvasQueue::Callback callback) {
  std::vector<Named> kept;
  for (const auto& each : all_)
    if (each->keepsCanvases()) kept.push_back({each->name(), each.get()});
  chosen(kept, composition, keepsNoCanvases()).composition->nextCanvas(std::move(callback));
}

void Compositions::setLayout(const std::string& composition, compose::LayoutSpec layout, int64_t transitionUs) {
  std::vector<Named> named;
  for (const auto& each : all_) named.push_back({each->name(), each.get()});
  chosen(named, composition, composesNothing()).composition->setLayout(std::move(layout), transitionUs);
}

void Compositions::setAudio(const std::string& composition, const AudioChange& change) {
  std::vector<Named> named;
  for (const auto& each : all_) named.push_back({each->name(), each.get()});
  chosen(named, composition, composesNothing()).composition->setAudio(change);
}

}  // namespace framepath::graph
