#include "graph/external.h"

#include <chrono>

#include "core/error.h"

namespace framepath::graph {

class ExternalModule::ExternalWorker : public Worker {
 public:
  ExternalWorker(std::shared_ptr<ExternalModule> module, std::unique_ptr<PixelReader> reader)
      : module_(std::move(module)), reader_(std::move(reader)) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> says) override {
    for (size_t i = 0; i < tasks.size(); i++) says[i] = module_->wait(tasks[i], reader_.get());
  }
  void interrupt() override { module_->close(); }
  void forget(int32_t source) override {
    if (reader_) reader_->forget(source);
  }

 private:
  std::shared_ptr<ExternalModule> module_;
  std::unique_ptr<PixelReader> reader_;
};

std::unique_ptr<Worker> ExternalModule::openWorker(std::unique_ptr<PixelReader> reader) {
  return std::make_unique<ExternalWorker>(shared_from_this(), std::move(reader));
}

Observation ExternalModule::wait(const TaskRef& task, PixelReader* reader) {
  for (;;) {
    bool onHost = false;
    {
      std::lock_guard lock(mutex_);
      onHost = onHost_;
    }
    const InputRef input = reader ? reader->read(*task, onHost) : nullptr;
    const std::optional<Answer> answer = ask(task, input);
    if (!answer) return Observation::nothing(Reason::cancelled);
    if (answer->kind == Answer::outOfReach && input && input->onDevice) {
      readOnHost(answer->error->sentence);
      continue;
    }
    if (answer->error) throw *answer->error;
    return answer->kind == Answer::value ? Observation::of(External{answer->boxes})
                                         : Observation::nothing(Reason::none);
  }
}

void ExternalModule::readOnHost(const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    if (onHost_) return;
    onHost_ = true;
  }
  if (cameHome_) cameHome_(reason);
}

// Nothing: it was closed meanwhile.
std::optional<ExternalModule::Answer> ExternalModule::ask(const TaskRef& task, const InputRef& input) {
  int64_t attempt = 0;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return std::nullopt;
    attempt = ++attempts_;
    pending_[task->id] = {task, attempt, std::nullopt};
  }
  ask_(task, attempt, input);
  std::unique_lock lock(mutex_);
  const auto done = [&] { return closed_ || pending_[task->id].answer; };
  bool inTime = true;
  if (timeoutMs_ > 0)
    inTime = answered_.wait_for(lock, std::chrono::duration<double, std::milli>(timeoutMs_), done);
  else
    answered_.wait(lock, done);
  Pending pending = std::move(pending_[task->id]);
  pending_.erase(task->id);
  if (closed_) return std::nullopt;
  if (!inTime)
    throw Error(
        ErrorCode::MODULE_TIMEOUT,
        "Module \"" + name_ + "\" did not answer within " + std::to_string(static_cast<int64_t>(timeoutMs_)) + " ms.",
        "Raise timeoutMs, or set onError: 'skip' to go on without its result.");
  return std::move(pending.answer);
}

void ExternalModule::answer(int64_t taskId, int64_t attempt, Answer answer) {
  {
    std::lock_guard lock(mutex_);
    const auto it = pending_.find(taskId);
    if (it == pending_.end() || it->second.attempt != attempt) return;
    it->second.answer = std::move(answer);
  }
  answered_.notify_all();  // whoever wakes finds the lock free
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
