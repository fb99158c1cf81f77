#include "binding/run.h"

#include <algorithm>

#include "binding/arrays.h"
#include "binding/js_error.h"
#include "binding/plan_json.h"
#include "binding/read.h"
#include "binding/record.h"
#include "binding/report_json.h"
#include "binding/shared_inputs.h"
#include "binding/spec_from_json.h"
#include "binding/trace_json.h"
#include "core/clock.h"

namespace framepath::binding {
namespace {

// A ModuleAnswer of src/native.ts.
graph::ExternalModule::Answer answerFrom(const Napi::Object& given) {
  using Answer = graph::ExternalModule::Answer;
  Answer answer;
  const std::string kind = text(given.Get("kind"));
  if (kind == "value") {
    answer.kind = Answer::value;
    const Napi::Value boxes = given.Get("boxes");
    if (!boxes.IsUndefined()) answer.boxes = peopleFrom(packedOf(boxes));
    return answer;
  }
  if (kind != "failed" && kind != "outOfReach")
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected 'value', 'failed' or 'outOfReach' but received '" + kind + "'.");
  answer.kind = kind == "failed" ? Answer::failed : Answer::outOfReach;
  const Napi::Value hint = given.Get("hint");
  answer.error =
      Error(errorCodeNamed(text(given.Get("code"))), text(given.Get("message")), hint.IsUndefined() ? "" : text(hint));
  return answer;
}

}  // namespace

Napi::Function Run::define(Napi::Env env) {
  return DefineClass(env, "Run",
                     {InstanceMethod<&Run::start>("start"),
                      InstanceMethod<&Run::next>("next"),
                      InstanceMethod<&Run::discard>("discard"),
                      InstanceMethod<&Run::done>("done"),
                      InstanceMethod<&Run::nextPacket>("nextPacket"),
                      InstanceMethod<&Run::nextCanvas>("nextCanvas"),
                      InstanceMethod<&Run::progress>("progress"),
                      InstanceMethod<&Run::labels>("labels"),
                      InstanceMethod<&Run::report>("report"),
                      InstanceMethod<&Run::plan>("plan"),
                      InstanceMethod<&Run::timeline>("timeline"),
                      InstanceMethod<&Run::relink>("relink"),
                      InstanceMethod<&Run::mot>("mot"),
                      InstanceMethod<&Run::contactSheet>("contactSheet"),
                      InstanceMethod<&Run::bank>("bank"),
                      InstanceMethod<&Run::finishWithin>("finishWithin"),
                      InstanceMethod<&Run::trace>("trace"),
                      InstanceMethod<&Run::addSource>("addSource"),
                      InstanceMethod<&Run::record>("record"),
                      InstanceMethod<&Run::setLayout>("setLayout"),
                      InstanceMethod<&Run::setAudio>("setAudio"),
                      InstanceMethod<&Run::removeSource>("removeSource"),
                      InstanceMethod<&Run::pushFrame>("pushFrame"),
                      InstanceMethod<&Run::endFrames>("endFrames"),
                      InstanceMethod<&Run::submit>("submit"),
                      InstanceMethod<&Run::answer>("answer"),
                      InstanceMethod<&Run::recovered>("recovered"),
                      InstanceMethod<&Run::sample>("sample"),
                      InstanceMethod<&Run::hostServed>("hostServed"),
                      InstanceMethod<&Run::pixels>("pixels"),
                      InstanceMethod<&Run::jpeg>("jpeg"),
                      InstanceMethod<&Run::keep>("keep"),
                      InstanceMethod<&Run::release>("release"),
                      InstanceMethod<&Run::end>("end"),
                      InstanceMethod<&Run::close>("close")});
}

Run::Run(const Info& info) : Napi::ObjectWrap<Run>(info), environment_(Environment::of(info.Env())) {
  guarded(info.Env(), [&] {
    state_ = std::make_shared<RunState>();
    state_->asked = planFrom(parseJson(text(info[0])));
    graph::PipelineSpec spec = pipelineOf(state_->asked);
    for (schema::SourceSpec& source : state_->asked.sources) source.images = {};  // long lists, and not in the plan
    spec.shared = SharedInputs::of(info[2]);
    state_->js = environment_.js;
    callbacks_ = std::make_shared<RunCallbacks>();
    if (info[1].IsObject()) {
      const auto given = [&](const char* name, Napi::FunctionReference& to) {
        const Napi::Value function = info[1].As<Napi::Object>().Get(name);
        if (function.IsFunction()) to = Napi::Persistent(function.As<Napi::Function>());
      };
      given("task", callbacks_->task);
      given("event", callbacks_->event);
    }
    graph::PipelineHooks hooks;
    hooks.ask = [js = state_->js, callbacks = std::weak_ptr<RunCallbacks>(callbacks_),
                 state = std::weak_ptr<RunState>(state_)](int32_t module, const graph::TaskRef& task, int64_t attempt,
                                                          const graph::InputRef& input) {
      const auto alive = state.lock();
      if (!alive) return;
      Packed packed;
      packRecord(*task, *alive->pipeline, packed, module);
      const auto& wanted = alive->pipeline->spec().modules[static_cast<size_t>(module)].input;
      const bool exported = wanted && wanted->exported;
      js->post([callbacks, module, id = task->id, attempt, input, exported, packed = std::move(packed)](Napi::Env env) {
        const Napi::HandleScope scope(env);
        const auto functions = callbacks.lock();
        if (!functions || functions->task.IsEmpty()) return;
        Napi::Object question = Napi::Object::New(env);
        question["module"] = Napi::Number::New(env, module);
        question["taskId"] = Napi::Number::New(env, static_cast<double>(id));
        question["attempt"] = Napi::Number::New(env, static_cast<double>(attempt));
        question["record"] = blockOf(env, packed);
        question["input"] = inputArray(env, input);
        question["cuda"] = blockObject(env, input, exported);
        functions->task.Call({question});
      });
    };
    const auto emit = [js = state_->js, callbacks = std::weak_ptr<RunCallbacks>(callbacks_)](const char* event,
                                                                                             std::string json) {
      js->post([callbacks, event, json = std::move(json)](Napi::Env env) {
        const Napi::HandleScope scope(env);
        const auto functions = callbacks.lock();
        if (!functions || functions->event.IsEmpty()) return;
        functions->event.Call({Napi::String::New(env, event), Napi::String::New(env, json)});
      });
    };
    hooks.sampled = [emit, state = std::weak_ptr<RunState>(state_)](const graph::Task& task) {
      if (const auto alive = state.lock()) emit("frame", jsonOf(sampledFrame(task, *alive->pipeline)));
    };
    hooks.recovered = [emit](const graph::Recovery& recovery) { emit("recovery", jsonOf(toSchema(recovery))); };
    state_->pipeline = std::make_unique<graph::Pipeline>(std::move(spec), std::move(hooks));
    end_ = environment_.atEnd([state = state_, callbacks = callbacks_, alive = environmentAlive_] {
      *alive = false;
      callbacks->reset();
      state->pipeline->results().endLinkingAt(0);
      std::lock_guard lock(state->closing);
      state->pipeline->close(false);
      state->canvasPixels.close();
      state->closed = true;
      state->frames.reset();
      state->prompt.reset();
    });
  });
}

Run::~Run() {
  if (!*environmentAlive_) return;
  environment_.notAtEnd(end_);
  if (!state_) return;
  state_->frames.reset();
  state_->prompt.reset();
  environment_.run([state = std::move(state_)] {  // never wait on the JS thread
    std::lock_guard lock(state->closing);
    state->pipeline->close(false);
  });
}

Napi::Value Run::start(const Info& info) {
  state_->prompt = environment_.prompt();
  return environment_.promise(info.Env(), [state = state_]() -> Settle::Make {
    try {
      state->pipeline->start();
    } catch (...) {
      std::lock_guard lock(state->closing);
      state->pipeline->close(false);
      throw;
    }
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

Napi::Value Run::next(const Info& info) {
  return guarded(info.Env(), [&] {
    const int64_t max = info[0].IsNumber() ? whole(info[0]) : 1;
    if (state_->frames) state_->frames->delivered({});
    auto settle = Settle::open(info.Env(), state_->js);
    try {
      state_->pipeline->next(
          static_cast<size_t>(std::max<int64_t>(1, max)), [settle, state = state_](graph::Delivery delivery) {
            if (delivery.error) return settle->reject(*delivery.error);
            auto packed = std::make_shared<Packed>();
            for (const graph::TaskRef& task : delivery.tasks) packRecord(*task, *state->pipeline, *packed);
            auto tasks = std::make_shared<std::vector<graph::TaskRef>>(std::move(delivery.tasks));
            settle->resolve([packed, tasks, state, ended = delivery.ended](Napi::Env env) -> Napi::Value {
              if (ended) return env.Null();
              if (state->pipeline->spec().keepPixels)
                if (HeldFrames* frames = state->held()) frames->delivered(std::move(*tasks));
              return blockOf(env, *packed);
            });
          });
    } catch (const std::exception& e) {
      settle->reject(e);
    }
    return settle->promise();
  });
}

void Run::discard(const Info& info) {
  guarded(info.Env(), [&] { state_->pipeline->discard(); });
}

Napi::Value Run::done(const Info& info) {
  auto settle = Settle::open(info.Env(), state_->js);
  state_->pipeline->done([settle, state = state_](std::optional<Error> error) {
    if (error) return settle->reject(*error);
    settle->resolve([state](Napi::Env env) {
      state->prompt.reset();
      return env.Undefined();
    });
  });
  return settle->promise();
}

Napi::Value Run::progress(const Info& info) {
  return guarded(info.Env(),
                 [&] { return Napi::String::New(info.Env(), jsonOf(toSchema(state_->pipeline->progress()))); });
}

Napi::Value Run::labels(const Info& info) {
  return guarded(info.Env(), [&] {
    std::map<std::string, std::vector<std::string>> labels;
    const auto& modules = state_->pipeline->spec().modules;
    for (size_t m = 0; m < modules.size(); m++)
      if (const auto* list = state_->pipeline->labelsOf(m); list && !list->empty()) labels[modules[m].name] = *list;
    return Napi::String::New(info.Env(), jsonOf(labels));
  });
}

Napi::Value Run::plan(const Info& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::optional<graph::Decisions> decisions = state_->pipeline->decisions();
    if (!decisions) return info.Env().Null();
    return Napi::String::New(info.Env(), planJson(state_->asked, *decisions));
  });
}

Napi::Value Run::report(const Info& info) {
  return guarded(info.Env(),
                 [&] { return Napi::String::New(info.Env(), jsonOf(toSchema(state_->pipeline->report()))); });
}
Napi::Value Run::timeline(const Info& info) {
  return environment_.promise(info.Env(), [state = state_]() -> Settle::Make {
    return [json = jsonOf(timelineOf(*state->pipeline))](Napi::Env env) { return Napi::String::New(env, json); };
  });
}
Napi::Value Run::relink(const Info& info) {
  return environment_.promise(info.Env(), [state = state_]() -> Settle::Make {
    return [json = jsonOf(relinkOf(*state->pipeline))](Napi::Env env) { return Napi::String::New(env, json); };
  });
}
Napi::Value Run::mot(const Info& info) {
  return guarded(info.Env(), [&] {
    return environment_.promise(
        info.Env(), [state = state_, source = static_cast<int32_t>(whole(info[0]))]() -> Settle::Make {
          return [text = state->mot.next(*state->pipeline, source)](Napi::Env env) -> Napi::Value {
            if (text.empty()) return env.Null();
            return Napi::String::New(env, text);
          };
        });
  });
}
Napi::Value Run::contactSheet(const Info& info) {
  return environment_.promise(info.Env(), [state = state_]() -> Settle::Make {
    return [jpeg = state->pipeline->results().contactSheet()](Napi::Env env) -> Napi::Value {
      if (jpeg.empty()) return env.Null();
      return bytesArray(env, jpeg.data(), jpeg.size());
    };
  });
}
Napi::Value Run::bank(const Info& info) {
  return environment_.promise(info.Env(), [state = state_]() -> Settle::Make {
    return [bytes = state->pipeline->results().bank()](Napi::Env env) -> Napi::Value {
      return bytesArray(env, bytes.data(), bytes.size());
    };
  });
}
void Run::finishWithin(const Info& info) {
  guarded(info.Env(), [&] {
    state_->pipeline->results().endLinkingAt(info[0].IsNumber() ? nowNs() + whole(info[0]) * 1'000'000 : INT64_MAX);
  });
}

Napi::Value Run::trace(const Info& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const graph::Pipeline& pipeline = *state_->pipeline;
    if (!pipeline.trace()) return info.Env().Null();
    const auto sourceId = [&](int32_t source) { return pipeline.sourceId(source); };
    return Napi::String::New(info.Env(), traceEvents(*pipeline.trace(), pipeline.startNs(), sourceId));
  });
}

Napi::Value Run::answer(const Info& info) {
  return guarded(info.Env(), [&] {
    if (!info[0].IsObject() || !info[1].IsObject())
      throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a question and its answer.");
    const auto question = info[0].As<Napi::Object>();
    const bool taken =
        state_->pipeline->answer(static_cast<int32_t>(whole(question.Get("module"))), whole(question.Get("taskId")),
                                 whole(question.Get("attempt")), answerFrom(info[1].As<Napi::Object>()));
    return Napi::Boolean::New(info.Env(), taken);
  });
}

void Run::recovered(const Info& info) {
  guarded(info.Env(), [&] {
    const auto given = read<schema::RecoveryNote>(parseJson(text(info[0])));
    FIELDS_OF(given, where, what, reason);
    state_->pipeline->recovered({where, what, reason});
  });
}

void Run::sample(const Info& info) {
  guarded(info.Env(), [&] { state_->pipeline->sample(whole(info[0])); });
}

void Run::hostServed(const Info& info) {
  guarded(info.Env(), [&] { state_->pipeline->hostServed(spanOf(read<schema::HostSpan>(parseJson(text(info[0]))))); });
}

Napi::Value Run::end(const Info& info) {
  const bool drain = info[0].IsBoolean() && info[0].As<Napi::Boolean>().Value();
  state_->pipeline->stop();  // before this returns: nobody is asked any more
  return environment_.promise(info.Env(), [state = state_, drain]() -> Settle::Make {
    state->pipeline->end(drain);
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

Napi::Value Run::close(const Info& info) {
  const bool drain = info[0].IsBoolean() && info[0].As<Napi::Boolean>().Value();
  state_->pipeline->stop();
  if (state_->frames) state_->frames->clear();  // analyzers under way still see theirs
  return environment_.promise(info.Env(), [state = state_, drain]() -> Settle::Make {
    std::lock_guard lock(state->closing);
    state->pipeline->close(drain);
    state->canvasPixels.close();
    const std::unique_lock read(state->reading);
    return [state](Napi::Env env) {
      state->closed = true;
      state->frames.reset();
      state->prompt.reset();
      return env.Undefined();
    };
  });
}

}  // namespace framepath::binding
