// Runs, in the order of the session's stream.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simulator/ort/shim.h"
#include "simulator/simulator.h"

namespace framepath::simulator {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

struct Job {
  OrtSession* session;
  const OrtRunOptions* options;
  const OrtIoBinding* binding;
  OrtStatus* status = nullptr;
  bool deferred = false;  // nobody waits for the status
};

void work(void* argument) {
  Job* job = static_cast<Job*>(argument);
  job->status = shim().real->RunWithBinding(job->session, job->options, job->binding);
  if (!job->deferred) return;
  if (job->status) {
    const char* message = shim().real->GetErrorMessage(job->status);
    // Whoever ended it does not look at its outputs.
    if (!std::strstr(message, "terminate flag")) {
      std::fprintf(stderr, "simulated ONNX Runtime: a run failed after it was answered: %s\n", message);
      std::abort();
    }
    shim().real->ReleaseStatus(job->status);
  }
  delete job;
}

// Counts runs from the last change of the rules on.
OrtStatus* injected(const std::string& provider) {
  static std::map<std::string, long>* runs = new std::map<std::string, long>;
  static std::string* rules = new std::string;
  const Lock lock(shim().mutex);
  const char* now = std::getenv("FRAMEPATH_SIM_ORT");
  if (*rules != (now ? now : "")) {
    *rules = now ? now : "";
    runs->clear();
  }
  const long run = ++(*runs)[provider];
  if (ruled(provider, "run_fail", run))
    return shim().fail("Non-zero status code returned while running Conv node. Status Message: CUDNN failure 3000");
  if (ruled(provider, "oom", run))
    return shim().fail(
        "Non-zero status code returned while running Conv node. Status Message: BFCArena::AllocateRawInternal "
        "Available "
        "memory of 1048576 is smaller than requested bytes of 2097152");
  if (ruled(provider, "lost", run)) {
    simulatorFail("cuCtxPushCurrent_v2:1+:700");
    return shim().fail("CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=simulated");
  }
  return nullptr;
}

OrtStatusPtr ORT_API_CALL runWithBinding(OrtSession* session, const OrtRunOptions* options,
                                         const OrtIoBinding* binding) noexcept {
  GpuProvider gpu;
  bool allocates = false;
  {
    const Lock lock(shim().mutex);
    const auto found = shim().sessions.find(session);
    if (found != shim().sessions.end()) gpu = found->second;
    const auto bound = shim().bindings.find(binding);
    allocates = bound != shim().bindings.end() && !bound->second.allocated.empty();
  }
  if (gpu.name.empty()) return shim().real->RunWithBinding(session, options, binding);
  if (OrtStatus* status = injected(gpu.name)) return status;
  const bool late = std::getenv("FRAMEPATH_SIM_LAZY") != nullptr;
  if (late && !allocates) {
    simulatorRun(gpu.stream, work, new Job{session, options, binding, nullptr, true});
    return nullptr;
  }
  Job job{session, options, binding};
  simulatorRun(gpu.stream, work, &job);
  simulatorSynchronize(gpu.stream);
  return job.status;
}

// The arena of the GPU is really the CPU's.
OrtStatusPtr ORT_API_CALL addRunEntry(OrtRunOptions* options, const char* key, const char* value) noexcept {
  const bool shrinks = std::string(key) == "memory.enable_memory_arena_shrinkage";
  return shim().real->AddRunConfigEntry(options, key, shrinks && std::string(value) == "gpu:0" ? "cpu:0" : value);
}

// What is released may still be needed by runs that were answered but not done.
void finish(const OrtSession* session) {
  const auto found = shim().sessions.find(session);
  if (found != shim().sessions.end()) simulatorSynchronize(found->second.stream);
}

void ORT_API_CALL releaseSession(OrtSession* session) noexcept {
  {
    const Lock lock(shim().mutex);
    finish(session);
    shim().sessions.erase(session);
  }
  shim().real->ReleaseSession(session);
}
void ORT_API_CALL releaseBinding(OrtIoBinding* binding) noexcept {
  {
    const Lock lock(shim().mutex);
    const auto found = shim().bindings.find(binding);
    if (found != shim().bindings.end()) {
      finish(found->second.session);
      shim().bindings.erase(found);
    }
  }
  shim().real->ReleaseIoBinding(binding);
}

}  // namespace

void replaceRuns(OrtApi& api) {
  api.RunWithBinding = runWithBinding;
  api.AddRunConfigEntry = addRunEntry;
  api.ReleaseSession = releaseSession;
  api.ReleaseIoBinding = releaseBinding;
}

}  // namespace framepath::simulator
