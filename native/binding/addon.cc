// The module: what src/native.ts calls NativeAddon.
#include <napi.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "binding/bench_json.h"
#include "binding/environment.h"
#include "binding/facts_json.h"
#include "binding/js_error.h"
#include "binding/plan_json.h"
#include "binding/read.h"
#include "binding/run.h"
#include "binding/shared_inputs.h"
#include "binding/spec_from_json.h"
#include "graph/pipeline.h"
#include "infer/runtime.h"
#include "kernels/host.h"
#include "media/gpu_codecs.h"
#include "media/versions.h"
#include "track/mot.h"

namespace framepath::binding {
namespace {

std::string argument(const Napi::CallbackInfo& info, size_t i) {
  if (!info[i].IsString()) throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a string.");
  return info[i].As<Napi::String>().Utf8Value();
}

Settle::Make textMaker(std::string text) {
  return [text = std::move(text)](Napi::Env env) { return Napi::String::New(env, text); };
}

Napi::Value probeSource(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::string uri = argument(info, 0);
    const media::Limits limits = limitsFrom(read<schema::LimitsSpec>(parseJson(argument(info, 1))));
    Environment& environment = Environment::of(info.Env());
    return environment.promise(info.Env(), [uri, limits, going = environment.going] {
      return textMaker(jsonOf(toSchema(media::probe(uri, limits, going))));
    });
  });
}

Napi::Value doctor(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto request = read<schema::DoctorRequest>(parseJson(argument(info, 0)));
    return Environment::of(info.Env()).promise(info.Env(), [request] {
      return textMaker(jsonOf(machineFindings(request.runtimeLibraries)));
    });
  });
}

Napi::Value inspectModel(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto request = read<schema::InspectRequest>(parseJson(argument(info, 0)));
    return Environment::of(info.Env()).promise(info.Env(), [request] {
      const auto runtime = infer::openRuntime(request.runtimeLibraries);
      const auto device = openDevice(request.device.empty() ? "cpu" : request.device);
      infer::ModelOptions asked = modelFrom(request.model);
      asked.providers = providersFrom(request.providers);
      const auto model = infer::loadModel(runtime, device, asked);
      return textMaker(jsonOf(findingsOf(*model, device->id().name())));
    });
  });
}

Napi::Value resolve(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto asked = std::make_shared<schema::PipelineSpec>(planFrom(parseJson(argument(info, 0))));
    return Environment::of(info.Env()).promise(info.Env(), [asked] {
      return textMaker(planJson(*asked, graph::Pipeline(pipelineOf(*asked), {}).resolve()));
    });
  });
}

Napi::Value trackMot(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::String::New(info.Env(), track::trackMot(argument(info, 0), trackerFrom(parseJson(argument(info, 1)))));
  });
}

Napi::Value benchStage(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto measure = stageOf(read<schema::StageRequest>(parseJson(argument(info, 0))));
    return Environment::of(info.Env()).promise(info.Env(), [measure] {
      return textMaker(jsonOf(toSchema(measure())));
    });
  });
}

Napi::Value benchClip(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const bench::PatternClip clip = clipOf(read<schema::ClipRequest>(parseJson(argument(info, 0))));
    return Environment::of(info.Env()).promise(info.Env(), [clip]() -> Settle::Make {
      bench::renderPattern(clip);
      return [](Napi::Env env) { return env.Undefined(); };
    });
  });
}

Napi::Value errorCodes(const Napi::CallbackInfo& info) {
  Napi::Array codes = Napi::Array::New(info.Env());
  uint32_t i = 0;
  for (const char* code : EnumNames<ErrorCode>::values) codes.Set(i++, code);
  return codes;
}

// This process is killed when the thread that started it ends, however that comes about. (parent's id): false when it
// has ended already.
Napi::Value endWithParent(const Napi::CallbackInfo& info) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const bool there = info[0].IsNumber() && getppid() == info[0].As<Napi::Number>().Int32Value();
  return Napi::Boolean::New(info.Env(), there);
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  const auto environment = std::make_shared<Environment>(env);
  env.SetInstanceData(new std::shared_ptr<Environment>(environment));
  env.AddCleanupHook([environment] { environment->close(); });
  exports.Set("version", FRAMEPATH_VERSION);
  exports.Set("vectorFloats", isaSupported(Isa::avx512) ? 16 : 8);
  exports.Set("probe", Napi::Function::New(env, probeSource, "probe"));
  exports.Set("doctor", Napi::Function::New(env, doctor, "doctor"));
  exports.Set("inspectModel", Napi::Function::New(env, inspectModel, "inspectModel"));
  exports.Set("resolve", Napi::Function::New(env, resolve, "resolve"));
  exports.Set("trackMot", Napi::Function::New(env, trackMot, "trackMot"));
  exports.Set("benchStage", Napi::Function::New(env, benchStage, "benchStage"));
  exports.Set("benchClip", Napi::Function::New(env, benchClip, "benchClip"));
  exports.Set("errorCodes", Napi::Function::New(env, errorCodes, "errorCodes"));
  exports.Set("Run", Run::define(env));
  exports.Set("SharedInputs", SharedInputs::define(env));
  exports.Set("endWithParent", Napi::Function::New(env, endWithParent, "endWithParent"));
  return exports;
}

}  // namespace

NODE_API_MODULE(framepath, initialise)

}  // namespace framepath::binding
