// A simulated ONNX Runtime with GPU providers: the real library with the entries of OrtApi that are about a GPU
// replaced. Models are computed by its CPU provider, in the order of the stream the session was given and on memory of
// the simulated driver, so that the calls production makes for the CUDA provider and for IO binding really run.
// FRAMEPATH_ORT_LIBRARY names this library; beside it lies an empty libonnxruntime_providers_cuda.so, as in an
// installation that has the provider.
//
//   FRAMEPATH_SIM_ORT_REAL=FILE   the real library
//   FRAMEPATH_SIM_ORT=RULES       comma separated, of the CUDA provider; "tensorrt." before a rule: of that one
//     options_fail                a library it needs is not installed
//     append_fail                 it cannot be loaded
//     session_fail                no session can be made with it
//     run_fail:N, oom:N, lost:N   the Nth run from now on fails, is out of memory, loses the GPU; N+: and all after it
//     crash, hang                 appending it kills the process, never returns
//     tensorrt                    TensorRT is installed too
//
// With FRAMEPATH_SIM_LAZY a run is work of its stream like any other, unless its outputs have no memory of the caller's
// yet. A tensor in device memory is refused by sessions that run on the CPU.
#pragma once
#include <onnxruntime_c_api.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace framepath::simulator {

// The provider a session has, besides the CPU's.
struct GpuProvider {
  std::string name;  // cuda | tensorrt; empty: none
  void* stream = nullptr;
};

struct Binding {
  OrtSession* session = nullptr;
  std::set<std::string> allocated;  // outputs that a run allocates in device memory
};

// All that is alive and concerns a GPU. One lock: nothing here is fast.
struct Shim {
  const OrtApi* real = nullptr;
  std::recursive_mutex mutex;
  std::map<const OrtSessionOptions*, GpuProvider> options;
  std::map<const OrtSession*, GpuProvider> sessions;
  std::map<const OrtIoBinding*, Binding> bindings;
  std::set<const OrtMemoryInfo*> deviceMemory;
  std::map<const OrtValue*, void*> deviceValues;  // what has to be freed with it, or null

  OrtStatus* fail(const std::string& message, OrtErrorCode code = ORT_FAIL) const {
    return real->CreateStatus(code, message.c_str());
  }
};
Shim& shim();  // never destroyed

// Whether FRAMEPATH_SIM_ORT has the rule for this provider; with runs, whether it holds for its run number `run`.
bool ruled(const std::string& provider, const std::string& rule, long run = 0);

// Replace what is about providers, about memory, about running.
void replaceProviders(OrtApi& api);
void replaceMemory(OrtApi& api);
void replaceRuns(OrtApi& api);

}  // namespace framepath::simulator
