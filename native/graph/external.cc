#include "graph/external.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"

namespace framepath::graph {

class ExternalModule::ExternalWorker : public Worker {
 public:
  ExternalWorker(std::shared_ptr<ExternalModule> module, std::unique_ptr<PixelReader> reader)
      : module_(std::move(module)), reader_(std::move(reader)) {}
  void prefetch(const TaskRef& task) override { module_->prefetch(task, reader_.get()); }
  size_t ready(std::span<const TaskRef> prefetched) override { return module_->ready(prefetched); }
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    for (size_t i = 0; i < tasks.size(); i++) results[i] = module_->wait(tasks[i], reader_.get());
  }
  void interrupt() override { module_->close(); }
  void onSourceEnded(int32_t source) override {
    if (reader_) reader_->onSourceEnded(source);
  }

 private:
  std::shared_ptr<ExternalModule> module_;
  std::unique_ptr<PixelReader> reader_;
};

std::unique_ptr<Worker> ExternalModule::openWorker(std::unique_ptr<PixelReader> reader) {
  return std::make_unique<ExternalWorker>(shared_from_this(), std::move(reader));
}

// Sends the request, unless earlier ones have to be repeated: then wait() does, in order.
void ExternalModule::prefetch(const TaskRef& task, PixelReader* reader) {
  {
    std::lock_guard lock(mutex_);
    if (onHost_ && std::ranges::any_of(pending_, [](const auto& item) { return item.second.onDevice(); })) return;
  }
  ask(task, reader);
}

size_t ExternalModule::ready(std::span<const TaskRef> prefetched) {
  size_t found = 0;
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] {
    if (closed_) return true;
    for (found = 0; found < prefetched.size(); found++) {
      const auto it = pending_.find(prefetched[found]->id);
      if (it == pending_.end() || it->second.settled()) return true;
    }
    return false;
  });
  return closed_ ? 0 : found;
}

Observation ExternalModule::wait(const TaskRef& task, PixelReader* reader) {
  for (;;) {
    if (!asked(task->id)) ask(task, reader);
    const std::optional<Pending> pending = take(task->id);
    if (!pending) return Observation::nothing(Reason::cancelled);
    if (pending->unread) std::rethrow_exception(pending->unread);
    const Answer& answer = *pending->answer;
    if (answer.kind == Answer::outOfReach && pending->onDevice()) {
      readOnHost(answer.error->sentence);
      continue;
    }
    if (answer.error) throw *answer.error;
    return answer.kind == Answer::value ? Observation::of(External{answer.boxes}) : Observation::nothing(Reason::none);
  }
}

void ExternalModule::readOnHost(const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    if (onHost_) return;
    onHost_ = true;
  }
  if (fellBackToHost_) fellBackToHost_(reason);
}

void ExternalModule::ask(const TaskRef& task, PixelReader* reader) {
  bool onHost = false;
  {
    std::lock_guard lock(mutex_);
    onHost = onHost_;
  }
  InputRef input;
  std::exception_ptr unread;
  try {
    if (reader) input = reader->read(*task, onHost);
  } catch (...) {
    unread = std::current_exception();
  }
  int64_t attempt = 0;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    attempt = ++attempts_;
    pending_[task->id] = {task, attempt, input, std::nullopt, unread};
  }
  if (!unread) ask_(task, attempt, input);
}

// What was answered, in time. Nothing: it was closed meanwhile.
std::optional<ExternalModule::Pending> ExternalModule::take(int64_t taskId) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return closed_ || pending_[taskId].settled(); };
  bool inTime = true;
  if (timeoutMs_ > 0)
    inTime = answered_.wait_for(lock, std::chrono::duration<double, std::milli>(timeoutMs_), done);
  else
    answered_.wait(lock, done);
  Pending pending = std::move(pending_[taskId]);
  pending_.erase(taskId);
  if (closed_) return std::nullopt;
  if (!inTime)
    throw Error(
        ErrorCode::MODULE_TIMEOUT,
        "Module \"" + name_ + "\" did not answer within " + std::to_string(static_cast<int64_t>(timeoutMs_)) + " ms.",
        "Raise timeoutMs, or set onError: 'skip' to go on without its result.");
  return pending;
}

bool ExternalModule::answer(int64_t taskId, int64_t attempt, Answer answer) {
  {
    std::lock_guard lock(mutex_);
    const auto it = pending_.find(taskId);
    if (it == pending_.end() || it->second.attempt != attempt || it->second.settled()) return false;
    it->second.answer = std::move(answer);
  }
  answered_.notify_all();  // whoever wakes finds the lock free
  return true;
}

void ExternalModule::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  answered_.notify_all();
}

TaskRef ExternalModule::asked(int64_t taskId) const {
  std::lock_guard lock(mutex_);
  const auto it = pending_.find(taskId);
  return it == pending_.end() ? nullptr : it->second.task;
}

}  // namespace framepath::graph
