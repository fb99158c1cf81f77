// The way from any thread to JavaScript, one per environment (a worker_thread has its own).
//
// Lifetime: open() on the JS thread; post() from anywhere until the environment goes; hold()/release() on the JS thread
// keep Node alive while something in JavaScript waits. References to JS values never leave the JS thread.
#pragma once
#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace framepath::binding {

class JsThread : public std::enable_shared_from_this<JsThread> {
 public:
  using Job = std::function<void(Napi::Env)>;

  static std::shared_ptr<JsThread> open(Napi::Env env);
  // False: the environment is going; the job will not run.
  bool post(Job job);
  void hold();
  void release();
  void close();  // JS thread, at the environment's end

 private:
  using Called = std::shared_ptr<JsThread>;
  static void call(Napi::Env env, Napi::Function, std::nullptr_t*, Called* called);
  using Tsfn = Napi::TypedThreadSafeFunction<std::nullptr_t, Called, &JsThread::call>;

  Napi::Env env_{nullptr};
  Tsfn tsfn_;
  std::mutex mutex_;
  std::vector<Job> jobs_;  // one call runs all that have come
  bool open_ = false;
  int32_t holders_ = 0;
};

// A promise settled from any thread, once. Keeps Node alive until then.
class Settle : public std::enable_shared_from_this<Settle> {
 public:
  using Make = std::function<Napi::Value(Napi::Env)>;

  static std::shared_ptr<Settle> open(Napi::Env env, std::shared_ptr<JsThread> js);
  Napi::Promise promise() const { return deferred_.Promise(); }
  void resolve(Make make);  // `make` runs on the JS thread; what it throws rejects
  void reject(const std::exception& error);

 private:
  Settle(Napi::Env env, std::shared_ptr<JsThread> js) : deferred_(env), js_(std::move(js)) {}
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<JsThread> js_;
};

}  // namespace framepath::binding
