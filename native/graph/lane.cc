#include "graph/lane.h"

#include <algorithm>

namespace framepath::graph {

void ReadyQueue::push(TaskRef task) {
  PerSource& source = sources_[task->source];
  if (stateful_) {
    const int64_t seq = task->seq;
    source.bySeq.emplace(seq, std::move(task));
  } else {
    source.fifo.push_back(std::move(task));
  }
}

Batch ReadyQueue::take(size_t max) {
  Batch batch;
  auto next = sources_.upper_bound(last_);
  for (size_t idle = 0; batch.tasks.size() < max && idle < sources_.size();) {
    if (next == sources_.end()) next = sources_.begin();
    PerSource& source = next->second;
    if (source.runnable(stateful_)) {
      last_ = next->first;
      idle = 0;
      if (stateful_) {
        source.busy = true;
        batch.tasks.push_back(std::move(source.bySeq.begin()->second));
        source.bySeq.erase(source.bySeq.begin());
        return batch;
      }
      batch.tasks.push_back(std::move(source.fifo.front()));
      source.fifo.pop_front();
    } else {
      idle++;
    }
    ++next;
  }
  return batch;
}

void ReadyQueue::done(const Task& task) {
  if (!stateful_) return;
  PerSource& source = sources_[task.source];
  source.busy = false;
  source.nextSeq = task.seq + 1;
}

size_t ReadyQueue::runnable() const {
  size_t count = 0;
  for (const auto& [id, source] : sources_)
    if (source.runnable(stateful_)) count += stateful_ ? 1 : source.fifo.size();
  return count;
}

size_t ReadyQueue::size() const {
  size_t count = 0;
  for (const auto& [id, source] : sources_) count += source.fifo.size() + source.bySeq.size();
  return count;
}

int64_t ReadyQueue::oldestReadyNs(int32_t module) const {
  int64_t oldest = 0;
  for (const auto& [id, source] : sources_) {
    if (source.fifo.empty()) continue;
    const int64_t ready = source.fifo.front()->stamps[module].readyNs;
    oldest = oldest ? std::min(oldest, ready) : ready;
  }
  return oldest;
}

std::optional<Observation> StrideMemory::carry(const TaskRef& task) {
  const int64_t anchorSeq = task->seq - task->seq % stride_;
  auto& anchors = sources_[task->source];
  Anchor& anchor = anchors[anchorSeq];
  anchor.carried++;
  if (!anchor.result) {
    anchor.waiting.push_back(task);
    return std::nullopt;
  }
  Observation result = anchor.result->carriedOn();
  if (anchor.carried == stride_ - 1) anchors.erase(anchorSeq);
  return result;
}

std::vector<TaskRef> StrideMemory::onAnchorResult(const Task& task, const Observation& result) {
  if (stride_ == 1) return {};
  auto& anchors = sources_[task.source];
  Anchor& anchor = anchors[task.seq];
  anchor.result = result;
  std::vector<TaskRef> waiting = std::move(anchor.waiting);
  anchor.waiting.clear();
  if (anchor.carried == stride_ - 1) anchors.erase(task.seq);
  return waiting;
}

}  // namespace framepath::graph
