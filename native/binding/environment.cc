#include "binding/environment.h"

#include <atomic>

#include "core/error.h"
#include "core/time_slice.h"

namespace framepath::binding {

Environment::Environment(Napi::Env env) : js(JsThread::open(env)) {}

void Environment::run(std::function<void()> work) {
  reap();
  auto done = std::make_shared<std::atomic<bool>>(false);
  threads_.push_back({std::thread([work = std::move(work), done] {
                        setTimeSlice(0);  // not the JS thread's
                        work();
                        *done = true;
                      }),
                      done});
}

std::shared_ptr<void> Environment::prompt() {
  std::shared_ptr<void> held = prompt_.lock();
  if (held) return held;
  setTimeSlice(kShortestSliceNs);
  held = std::shared_ptr<void>(this, [](void*) { setTimeSlice(0); });
  prompt_ = held;
  return held;
}

void Environment::runInTurn(std::function<void()> work) {
  turns_.push_back(std::move(work));
  startTurns();
}

void Environment::startTurns() {
  constexpr int32_t kAtOnce = 8;
  while (takingTurns_ < kAtOnce && !turns_.empty()) {
    takingTurns_++;
    run([this, work = std::move(turns_.front())] {
      work();
      js->post([this](Napi::Env) {  // runs only while the environment, and so this, is there
        takingTurns_--;
        startTurns();
      });
    });
    turns_.pop_front();
  }
}

void Environment::reap() {
  for (auto it = threads_.begin(); it != threads_.end();) {
    if (!*it->done) {
      ++it;
      continue;
    }
    it->thread.join();
    it = threads_.erase(it);
  }
}

std::list<std::function<void()>>::iterator Environment::atEnd(std::function<void()> end) {
  return ends_.insert(ends_.end(), std::move(end));
}

Napi::Value Environment::promise(Napi::Env env, std::function<Settle::Make()> work) {
  auto settle = Settle::open(env, js);
  run([settle, work = std::move(work)] {
    try {
      settle->resolve(work());
    } catch (const std::exception& e) {
      settle->reject(e);
    }
  });
  return settle->promise();
}

void Environment::close() {
  js->close();
  going->now();
  while (!ends_.empty()) {
    const std::function<void()> end = std::move(ends_.front());
    ends_.pop_front();
    end();
  }
  for (Thread& thread : threads_) thread.thread.join();
  threads_.clear();
}

}  // namespace framepath::binding
