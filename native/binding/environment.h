// What one JS environment shares: its thread, the native threads it started, the runs that must end before it does.
#pragma once
#include <napi.h>

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "binding/js_thread.h"
#include "core/stop.h"

namespace framepath::binding {

class Environment {
 public:
  explicit Environment(Napi::Env env);

  std::shared_ptr<JsThread> js;
  // The deadline of the environment: passes when it ends, so that waits for a peer end.
  const std::shared_ptr<Stop> going = std::make_shared<Stop>();

  // Work that blocks, on a thread of its own; joined before the environment goes.
  void run(std::function<void()> work);
  // The same for work that a caller may ask for a thousand times at once: a few threads, the rest waits. JS thread
  // only.
  void runInTurn(std::function<void()> work);
  // While somebody holds it, the JS thread runs as soon as it wakes, however busy the cores are. JS thread only.
  std::shared_ptr<void> prompt();
  // Called when the environment goes; ends a run. Returns what removes it again.
  std::list<std::function<void()>>::iterator atEnd(std::function<void()> end);
  void notAtEnd(std::list<std::function<void()>>::iterator end) { ends_.erase(end); }

  // A promise for what `work` makes: `work` runs on a thread of its own, its result builds the value on the JS thread.
  Napi::Value promise(Napi::Env env, std::function<Settle::Make()> work);

  void close();  // from the environment's cleanup hook: runs end, threads join; nothing is touched after it

  static Environment& of(Napi::Env env) { return **env.GetInstanceData<std::shared_ptr<Environment>>(); }

 private:
  void reap();
  void startTurns();

  struct Thread {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  std::list<std::function<void()>> ends_;
  std::list<Thread> threads_;
  std::deque<std::function<void()>> turns_;
  int32_t takingTurns_ = 0;
  std::weak_ptr<void> prompt_;
};

}  // namespace framepath::binding
