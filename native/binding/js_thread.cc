#include "binding/js_thread.h"

#include "binding/js_error.h"

namespace framepath::binding {

std::shared_ptr<JsThread> JsThread::open(Napi::Env env) {
  auto js = std::make_shared<JsThread>();
  js->env_ = env;
  js->tsfn_ = Tsfn::New(env, "framepath", 0, 1);
  js->tsfn_.Unref(env);
  js->open_ = true;
  return js;
}

void JsThread::call(Napi::Env env, Napi::Function, std::nullptr_t*, Called* called) {
  const std::unique_ptr<Called> owned(called);
  std::vector<Job> jobs;
  {
    std::lock_guard lock((*owned)->mutex_);
    jobs.swap((*owned)->jobs_);
  }
  if (env == nullptr) return;
  std::exception_ptr thrown;  // by a callback of the user: the others run all the same
  for (const Job& job : jobs) try {
      job(env);
    } catch (...) {
      if (!thrown) thrown = std::current_exception();
    }
  if (thrown) std::rethrow_exception(thrown);
}

bool JsThread::post(Job job) {
  std::lock_guard lock(mutex_);
  if (!open_) return false;
  if (jobs_.empty()) {
    auto called = std::make_unique<Called>(shared_from_this());
    if (tsfn_.NonBlockingCall(called.get()) != napi_ok) return false;
    called.release();  // call() owns it now
  }
  jobs_.push_back(std::move(job));
  return true;
}

void JsThread::hold() {
  if (open_ && holders_++ == 0) tsfn_.Ref(env_);
}

void JsThread::release() {
  if (--holders_ == 0 && open_) tsfn_.Unref(env_);
}

void JsThread::close() {
  std::lock_guard lock(mutex_);
  if (!open_) return;
  open_ = false;
  tsfn_.Release();
}

std::shared_ptr<Settle> Settle::open(Napi::Env env, std::shared_ptr<JsThread> js) {
  js->hold();
  return std::shared_ptr<Settle>(new Settle(env, std::move(js)));
}

void Settle::resolve(Make make) {
  js_->post([self = shared_from_this(), make = std::move(make)](Napi::Env env) {
    const Napi::HandleScope scope(env);
    self->js_->release();
    Napi::Value value, reason;
    try {
      value = make(env);
    } catch (const Napi::Error& e) {
      reason = e.Value();
    } catch (const std::exception& e) {
      reason = toJsError(env, e).Value();
    }
    if (reason.IsEmpty())
      self->deferred_.Resolve(value);
    else
      self->deferred_.Reject(reason);
  });
}

void Settle::reject(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  const Error kept = known ? *known : Error(ErrorCode::INTERNAL, error.what());
  js_->post([self = shared_from_this(), kept](Napi::Env env) {
    const Napi::HandleScope scope(env);
    self->js_->release();
    self->deferred_.Reject(toJsError(env, kept).Value());
  });
}

}  // namespace framepath::binding
