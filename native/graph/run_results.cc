#include "graph/run_results.h"

namespace framepath::graph {

void RunResults::open(FoundPeople people) {
  std::lock_guard lock(mutex_);
  people_ = std::move(people);
}

void RunResults::closeShots() {
  std::lock_guard lock(mutex_);
  people_.shots.reset();
}

FoundPeople RunResults::people() const {
  std::lock_guard lock(mutex_);
  return people_;
}

bool RunResults::onlyTracks() const {
  std::lock_guard lock(mutex_);
  return people_.onlyTracks();
}

track::RelinkRef RunResults::relink() {
  return onlyTracks() ? std::make_shared<track::RelinkResult>() : relinked();
}

track::RelinkRef RunResults::relinked() {
  const FoundPeople people = this->people();
  if (!people.state.identities) return std::make_shared<track::RelinkResult>();
  track::RelinkOptions options;
  if (people.onlyTracks()) options.minFrames = 1;
  if (people.identify)
    for (const std::vector<std::string>& group : people.identify->sameScene) {
      std::vector<int32_t>& numbers = options.sameScene.emplace_back();
      for (const std::string& id : group)
        for (const int32_t number : sources_.numbersOf(id)) numbers.push_back(number);
    }
  {
    std::lock_guard lock(mutex_);
    options.stop = linking_;
  }
  const track::RelinkRef linked = people.state.identities->relink(options);
  {
    std::lock_guard lock(mutex_);
    if (linked == linked_) return withShots_;
  }
  auto withShots = std::make_shared<track::RelinkResult>(*linked);
  if (people.shots) people.shots->choose(*withShots);
  if (!linked->complete)
    recoveries_.add(
        {people.identify ? people.identify->name : "", kRelinkCut, "The run was closed while it compared them."});
  std::lock_guard lock(mutex_);
  linked_ = linked;
  return withShots_ = withShots;
}

std::unique_ptr<track::FinalRows> RunResults::rows(int32_t source) {
  const FoundPeople people = this->people();
  return people.state.identities ? people.state.identities->rows(source, relinked()) : nullptr;
}

std::vector<uint8_t> RunResults::contactSheet() {
  const FoundPeople people = this->people();
  return people.shots ? people.shots->contactSheet(*relinked(), people.onlyTracks()) : std::vector<uint8_t>{};
}

std::vector<uint8_t> RunResults::bank() {
  const FoundPeople people = this->people();
  return people.identify ? people.state.identities->save(*relinked()) : std::vector<uint8_t>{};
}

void RunResults::endLinkingAt(int64_t ns) {
  std::lock_guard lock(mutex_);
  if (ns == INT64_MAX) linking_ = std::make_shared<Stop>();
  linking_->at(ns);
}

bool RunResults::linkingEnded() const {
  std::lock_guard lock(mutex_);
  return linking_->passed();
}

void RunResults::addTo(Report& report) const {
  const FoundPeople people = this->people();
  if (!people.identify) return;
  report.reid = people.state.totals->sum();
  for (const StageStats& stage : report.stages)
    if (stage.name == people.identify->name + ".embed") report.reidMs = static_cast<double>(stage.busyNs) / 1e6;
}

}  // namespace framepath::graph
