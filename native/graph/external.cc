#include "graph/external.h"

#include <chrono>

#include "core/error.h"

namespace framepath::graph {

class ExternalModule::ExternalWorker : public Worker {
 public:
  explicit ExternalWorker(std::shared_ptr<ExternalModule> module) : module_(std::move(module)) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> says) override {
    for (size_t i = 0; i < tasks.size(); i++) says[i] = module_->wait(tasks[i]);
  }
  void interrupt() override { module_->close(); }

 private:
  std::shared_ptr<ExternalModule> module_;
};

std::unique_ptr<Worker> ExternalModule::openWorker() {
  return std::make_unique<ExternalWorker>(shared_from_this());
}

Observation ExternalModule::wait(const TaskRef& task) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return Observation::nothing(Reason::cancelled);
    pending_[task->id].task = task;
  }
  ask_(task);
  std::unique_lock lock(mutex_);
  const auto done = [&] { return closed_ || pending_[task->id].answered; };
  bool inTime = true;
  if (timeoutMs_ > 0)
    inTime = answered_.wait_for(lock, std::chrono::duration<double, std::milli>(timeoutMs_), done);
  else
    answered_.wait(lock, done);
  const Pending pending = std::move(pending_[task->id]);
  pending_.erase(task->id);
  if (closed_) return Observation::nothing(Reason::cancelled);
  if (!inTime)
    throw Error(
        ErrorCode::MODULE_TIMEOUT,
        "Module \"" + name_ + "\" did not answer within " + std::to_string(static_cast<int64_t>(timeoutMs_)) + " ms.",
        "Raise timeoutMs, or set onError: 'skip' to go on without its result.");
  if (pending.answer == Answer::failed) throw Error(ErrorCode::MODULE_FAILED, pending.message);
  return pending.answer == Answer::value ? Observation::of(External{}) : Observation::nothing(Reason::none);
}

void ExternalModule::answer(int64_t taskId, Answer answer, const std::string& message) {
  std::lock_guard lock(mutex_);
  const auto it = pending_.find(taskId);
  if (it == pending_.end()) return;
  it->second.answered = true;
  it->second.answer = answer;
  it->second.message = message;
  answered_.notify_all();
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
