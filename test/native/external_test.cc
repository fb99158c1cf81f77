// Modules that JavaScript answers for; a thread plays JavaScript: it answers one question after the other, by a script.
#include "graph/external.h"

#include <chrono>
#include <deque>
#include <thread>

#include "check.h"

using namespace framepath;
using namespace framepath::graph;

namespace {

using Answer = ExternalModule::Answer;

struct Question {
  int64_t task = 0, attempt = 0;
  bool onDevice = false;
};

TaskRef taskOf(int64_t id) {
  auto task = std::make_shared<Task>();
  task->id = id;
  return task;
}

std::vector<TaskRef> tasksUpTo(int64_t last) {
  std::vector<TaskRef> tasks;
  for (int64_t id = 1; id <= last; id++) tasks.push_back(taskOf(id));
  return tasks;
}

// Pictures on a device, unless they are wanted on the host.
class Pictures : public graph::PixelReader {
 public:
  explicit Pictures(int64_t failsAt = 0) : failsAt_(failsAt) {}
  InputRef read(const Task& task, bool toHost) override {
    if (task.id == failsAt_) throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY, "There is no room.");
    auto input = std::make_shared<Input>();
    // Nobody looks into the slot.
    static const int64_t slot = 0;
    if (!toHost) input->onDevice = {std::shared_ptr<void>(), reinterpret_cast<const DeviceSlots::Slot*>(&slot)};
    last = input;
    return input;
  }
  static inline std::weak_ptr<const Input> last;

 private:
  const int64_t failsAt_;
};

class Script {
 public:
  using Answers = std::function<void(ExternalModule& module, const Question& question)>;

  explicit Script(Answers answers, double timeoutMs = 0) : answers_(std::move(answers)) {
    module = std::make_shared<ExternalModule>(
        "m", timeoutMs,
        [this](const TaskRef& task, int64_t attempt, const InputRef& input) {
          std::lock_guard lock(mutex_);
          waiting_.push_back({task->id, attempt, input && input->onDevice});
          asked.push_back(waiting_.back());
          came_.notify_all();
        },
        [this](const std::string& reason) { fellBackToHost.push_back(reason); });
    thread_ = std::thread([this] { play(); });
  }
  ~Script() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
      came_.notify_all();
    }
    thread_.join();
  }
  // Negative: with pixels on the host, or none.
  std::vector<int64_t> tasksAsked() {
    std::lock_guard lock(mutex_);
    std::vector<int64_t> ids;
    for (const Question& question : asked) ids.push_back(question.onDevice ? question.task : -question.task);
    return ids;
  }

  std::shared_ptr<ExternalModule> module;
  std::vector<Question> asked;
  std::vector<std::string> fellBackToHost;

 private:
  void play() {
    std::unique_lock lock(mutex_);
    for (;;) {
      came_.wait(lock, [&] { return over_ || !waiting_.empty(); });
      if (over_) return;
      const Question question = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      answers_(*module, question);
      lock.lock();
    }
  }

  const Answers answers_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Question> waiting_;
  bool over_ = false;
  std::thread thread_;
};

Answer valued() {
  return {Answer::value, std::nullopt, nullptr};
}
Answer failed() {
  return {Answer::failed, Error(ErrorCode::MODULE_FAILED, "No."), nullptr};
}

void answer(ExternalModule& module, const Question& question) {
  module.answer(question.task, question.attempt, valued());
}

Observation runOne(Worker& worker, const TaskRef& task) {
  Observation result;
  worker.run({&task, 1}, {&result, 1});
  return result;
}

std::optional<Error> errorOf(Worker& worker, const TaskRef& task) {
  try {
    runOne(worker, task);
    return std::nullopt;
  } catch (const Error& e) {
    return e;
  }
}

// As the engine does it, with all of them prefetched first. The order in which they were run.
std::vector<int64_t> runPrefetched(Worker& worker, std::vector<TaskRef> tasks) {
  for (const TaskRef& task : tasks) worker.prefetch(task);
  std::vector<int64_t> order;
  while (!tasks.empty()) {
    const size_t next = worker.ready(tasks);
    order.push_back(tasks[next]->id);
    CHECK(runOne(worker, tasks[next]).state == ObservationState::value);
    tasks.erase(tasks.begin() + static_cast<ptrdiff_t>(next));
  }
  return order;
}

}  // namespace

TEST(a_task_is_asked_about_once_and_its_answer_taken) {
  Script script(answer);
  const auto worker = script.module->openWorker(nullptr);
  CHECK(runOne(*worker, taskOf(7)).state == ObservationState::value);
  CHECK(script.module->asked(7) == nullptr);
  CHECK_EQUAL(script.asked.size(), 1u);
}

TEST(what_is_announced_is_asked_at_once_and_can_be_run_when_it_is_answered) {
  Script script([held = std::vector<Question>()](ExternalModule& module, const Question& question) mutable {
    held.push_back(question);
    if (held.size() < 3) return;
    for (auto it = held.rbegin(); it != held.rend(); ++it) {
      answer(module, *it);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const auto worker = script.module->openWorker(nullptr);
  CHECK((runPrefetched(*worker, tasksUpTo(3)) == std::vector<int64_t>{3, 2, 1}));
}

TEST(a_failure_is_that_of_its_task) {
  Script script([](ExternalModule& module, const Question& question) {
    if (question.task == 2)
      module.answer(2, question.attempt, failed());
    else
      answer(module, question);
  });
  const auto worker = script.module->openWorker(std::make_unique<Pictures>(3));
  const std::vector<TaskRef> tasks = tasksUpTo(4);
  for (const TaskRef& task : tasks) worker->prefetch(task);
  CHECK(!errorOf(*worker, tasks[0]));
  CHECK(errorOf(*worker, tasks[1])->code == ErrorCode::MODULE_FAILED);
  CHECK(errorOf(*worker, tasks[2])->code == ErrorCode::DEVICE_OUT_OF_MEMORY);  // its pixels
  CHECK(!errorOf(*worker, tasks[3]));
  CHECK((script.tasksAsked() == std::vector<int64_t>{1, 2, 4}));
}

TEST(what_is_looked_at_stays_until_it_is_answered) {
  Script script([](ExternalModule& module, const Question& question) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(!Pictures::last.expired());
    answer(module, question);
  });
  const auto worker = script.module->openWorker(std::make_unique<Pictures>());
  const TaskRef task = taskOf(1);
  worker->prefetch(task);
  CHECK(!Pictures::last.expired());
  CHECK(!errorOf(*worker, task));
  CHECK(Pictures::last.expired());
}

TEST(an_answer_that_nobody_waits_for_is_ignored) {
  Script script([](ExternalModule& module, const Question& question) {
    module.answer(question.task + 1, question.attempt, valued());
    module.answer(question.task, question.attempt + 1, failed());
    answer(module, question);
    module.answer(question.task, question.attempt, failed());
  });
  const auto worker = script.module->openWorker(nullptr);
  for (int64_t id = 1; id <= 3; id++) CHECK(!errorOf(*worker, taskOf(id)));
}

TEST(an_answer_that_does_not_come_in_time_is_a_failure) {
  Script script([](ExternalModule&, const Question&) {}, 20);
  const auto worker = script.module->openWorker(nullptr);
  CHECK(errorOf(*worker, taskOf(1))->code == ErrorCode::MODULE_TIMEOUT);
  CHECK(script.module->asked(1) == nullptr);
}

// What was prefetched before must not be overtaken by what is prefetched after, on the way to the host.
TEST(pixels_out_of_reach_are_asked_for_again_on_the_host_in_order) {
  Script script([](ExternalModule& module, const Question& question) {
    if (!question.onDevice) return answer(module, question);
    const Error error(ErrorCode::DEVICE_UNAVAILABLE, "It cannot be mapped.");
    module.answer(question.task, question.attempt, {Answer::outOfReach, error, nullptr});
  });
  const auto worker = script.module->openWorker(std::make_unique<Pictures>());
  std::vector<TaskRef> tasks = tasksUpTo(5);
  for (int i = 0; i < 3; i++) worker->prefetch(tasks[static_cast<size_t>(i)]);
  for (size_t i = 0; i < tasks.size(); i++) {
    CHECK(runOne(*worker, tasks[i]).state == ObservationState::value);
    if (i + 3 < tasks.size()) worker->prefetch(tasks[i + 3]);
  }
  CHECK((script.tasksAsked() == std::vector<int64_t>{1, 2, 3, -1, -2, -3, -4, -5}));
  CHECK((script.fellBackToHost == std::vector<std::string>{"It cannot be mapped."}));
}

TEST(closing_cancels_what_is_asked_and_asks_nothing_more) {
  Script script([](ExternalModule&, const Question&) {});
  const auto worker = script.module->openWorker(nullptr);
  const std::vector<TaskRef> tasks = tasksUpTo(2);
  worker->prefetch(tasks[0]);
  std::thread closing([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    worker->interrupt();
  });
  CHECK_EQUAL(worker->ready({tasks.data(), 1}), 0u);
  closing.join();
  for (const TaskRef& task : tasks) CHECK(runOne(*worker, task).reason == Reason::cancelled);
  worker->prefetch(taskOf(3));
  CHECK(script.module->asked(3) == nullptr);
  CHECK((script.tasksAsked() == std::vector<int64_t>{-1}));
  CHECK_EQUAL(tasks[0].use_count(), 1);  // nobody keeps it
}

TEST_MAIN()
