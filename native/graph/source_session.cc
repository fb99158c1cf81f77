#include "graph/source_session.h"

#include <iterator>
#include <utility>

namespace framepath::graph {
namespace {

constexpr int32_t kLateInARow = 10;  // that is no hiccup

}  // namespace

SourceSession::SourceSession(int32_t number, std::shared_ptr<FrameSource> frames, const SourceOptions& given)
    : number(number),
      options(given),
      admission(std::make_shared<Admission>(given.inFlight, given.inFlight + given.resultQueue)),
      frames_(std::move(frames)) {
  decode.name = "decode." + options.id;
  decode.kind = "decode";
}

void SourceSession::begin() {
  if (state_ == SourceState::opened) state_ = SourceState::reading;
}

void SourceSession::leave(std::function<void()> removed) {
  removed_.push_back(std::move(removed));
  if (reads()) state_ = SourceState::leaving;
  admission->close();
}

std::shared_ptr<FrameSource> SourceSession::takeFrames() {
  if (frames_) reader_ = frames_->counters();
  return std::move(frames_);
}

void SourceSession::drain(std::optional<Error> error) {
  error_ = std::move(error);
  state_ = SourceState::draining;
}

bool SourceSession::finish(std::vector<std::function<void()>>& calls) {
  if (state_ != SourceState::draining || underway_ > 0) return false;
  state_ = leaves() ? SourceState::removed : error_ ? SourceState::failed : SourceState::ended;
  std::move(removed_.begin(), removed_.end(), std::back_inserter(calls));
  removed_.clear();
  return true;
}

void SourceSession::cancel(std::vector<TaskRef>& tasks, std::vector<std::function<void()>>& calls) {
  admission->close();
  const int64_t cancelled = record().counts.inFlight;
  if (cancelled > 0) dropped_["cancelled"] += cancelled;
  for (auto& [seq, task] : finished_) tasks.push_back(std::move(task));
  finished_.clear();
  std::move(results_.begin(), results_.end(), std::back_inserter(tasks));
  results_.clear();
  std::move(removed_.begin(), removed_.end(), std::back_inserter(calls));
  removed_.clear();
}

void SourceSession::enter(Task& task) {
  task.seq = nextSeq_++;
  in_++;
  underway_++;
  entered_.push_back(task.enteredNs);
}

// While results take long, what enters now would take longer still: half of the time is left for what is on its way.
const char* SourceSession::tryEnter(int64_t nowNs) {
  if (options.maxAgeNs > 0 && !entered_.empty() && nowNs - entered_.front() > options.maxAgeNs / 2) return "behind";
  return admission->tryEnter() ? nullptr : "inFlight";
}

void SourceSession::complete(TaskRef task) {
  const int64_t seq = task->seq;
  finished_.emplace(seq, std::move(task));
  for (auto next = finished_.begin(); next != finished_.end() && next->first == nextDelivery_; nextDelivery_++) {
    entered_.pop_front();
    results_.push_back(std::move(next->second));
    next = finished_.erase(next);
  }
}

TaskRef SourceSession::take(int64_t nowNs) {
  TaskRef task = std::move(results_.front());
  results_.pop_front();
  delivered_++;
  lateInARow_ = 0;
  latency_.add(nowNs - task->enteredNs);
  admission->taskEnded();
  return task;
}

bool SourceSession::dropOld(int64_t nowNs, std::vector<TaskRef>& tasks) {
  if (!options.live || options.maxAgeNs <= 0) return false;
  bool nothingElse = false;
  for (; hasResults() && nowNs - results_.front()->enteredNs > options.maxAgeNs; results_.pop_front()) {
    const bool late = results_.front()->completeNs - results_.front()->enteredNs > options.maxAgeNs;
    dropped_[late ? "late" : "untaken"]++;
    nothingElse = nothingElse || (late && ++lateInARow_ == kLateInARow);
    admission->taskEnded();
    tasks.push_back(std::move(results_.front()));
  }
  return nothingElse;
}

SourceRecord SourceSession::record() const {
  SourceRecord record;
  record.decode = decode;
  SourceCounts& counts = record.counts;
  counts.id = options.id;
  counts.in = in_;
  counts.delivered = delivered_;
  counts.latency = latency_;
  counts.dropped = dropped_;
  counts.inFlight = in_ - delivered_;
  for (const auto& [cause, n] : dropped_) counts.inFlight -= n;
  counts.ended = !reads();
  counts.error = error_;
  counts.reader = frames_ ? frames_->counters() : reader_;
  return record;
}

}  // namespace framepath::graph
