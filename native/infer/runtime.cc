#include "infer/runtime.h"

#include <dlfcn.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "infer/library_file.h"
#include "infer/ort.h"

namespace framepath::infer {
namespace {

// One library a process: a second copy of ONNX Runtime beside the first shares its symbols by accident. The library is
// never closed (its thread-locals outlive any session); the environment lives as long as it is used.
struct ProcessState {
  std::mutex mutex;
  void* library = nullptr;
  RuntimeInfo info;
  std::weak_ptr<OrtRuntime> runtime;
  bool alive = false;  // an environment, also while its last user releases it: there may be one at a time
  std::condition_variable gone;
};

ProcessState& processState() {
  static ProcessState& state = *new ProcessState;  // outlives its last user
  return state;
}

bool isPath(const std::string& name) {
  return name.find('/') != std::string::npos;
}

std::string lastDlError() {
  const char* text = dlerror();
  return text ? text : "cannot be opened";
}

const OrtApiBase* apiBase(void* library) {
  using GetApiBase = const OrtApiBase* (*)();
  const auto get = reinterpret_cast<GetApiBase>(dlsym(library, "OrtGetApiBase"));
  return get ? get() : nullptr;
}

void release(OrtRuntime* runtime) {
  delete runtime;
  ProcessState& state = processState();
  std::lock_guard lock(state.mutex);
  state.alive = false;
  state.gone.notify_all();
}

std::shared_ptr<OrtRuntime> openEnvironment(ProcessState& state, std::unique_lock<std::mutex>& lock) {
  std::shared_ptr<OrtRuntime> open;
  state.gone.wait(lock, [&] { return (open = state.runtime.lock()) || !state.alive; });
  if (open) return open;
  const OrtApi* api = apiBase(state.library)->GetApi(kOrtApiVersion);
  OrtEnv* env = nullptr;
  // Failures are reported once, as errors: the runtime's own lines on stderr would repeat them.
  ort(*api, api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "framepath", &env), ErrorCode::RUNTIME_UNUSABLE,
      "Starting ONNX Runtime (" + state.info.path + ")");
  // Asked for a version it does not have, the library complains on stderr.
  const int minor = std::atoi(state.info.version.substr(state.info.version.find('.') + 1).c_str());
  const bool hasStats = minor >= static_cast<int>(kOrtStatsVersion);
  const OrtApi* statsApi = hasStats ? apiBase(state.library)->GetApi(kOrtStatsVersion) : nullptr;
  state.alive = true;
  const std::shared_ptr<OrtRuntime> runtime(new OrtRuntime(api, statsApi, env, state.info), release);
  (void)takeMessage(*api, api->DisableTelemetryEvents(env));
  state.runtime = runtime;
  return runtime;
}

// The file a loaded library came from; the name it was asked by when that is unknown.
std::string loadedPath(void* library, const std::string& asked) {
  Dl_info where;
  void* symbol = dlsym(library, "OrtGetApiBase");
  return symbol && dladdr(symbol, &where) && where.dli_fname ? where.dli_fname : asked;
}

// Null and a reason, or the library.
void* tryLibrary(const std::string& name, std::string& reason) {
  if (isPath(name)) {
    if (const std::optional<std::string> why = whyNoLibrary(name, "OrtGetApiBase")) {
      reason = *why;
      return nullptr;
    }
  }
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    reason = lastDlError();
    return nullptr;
  }
  const OrtApiBase* base = apiBase(library);
  if (!base)
    reason = "is a library, but not ONNX Runtime (no OrtGetApiBase)";
  else if (!base->GetApi(kOrtApiVersion))
    reason =
        std::string("is ONNX Runtime ") + base->GetVersionString() + ", older than 1." + std::to_string(kOrtApiVersion);
  else
    return library;
  dlclose(library);
  return nullptr;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
  return text;
}

constexpr const char* kInstallHint =
    "npm install onnxruntime-node --ignore-scripts (or set FRAMEPATH_ORT_LIBRARY to a libonnxruntime.so of version "
    "1.17 or later).";

}  // namespace

std::shared_ptr<Runtime> openRuntime(const std::vector<std::string>& libraries) {
  ProcessState& state = processState();
  std::unique_lock lock(state.mutex);

  if (state.library) {
    for (const std::string& name : libraries) {
      void* same = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
      if (!same) continue;
      dlclose(same);  // the count only: the library itself stays open
      if (same == state.library) return openEnvironment(state, lock);
    }
    for (const std::string& name : libraries) {
      if (!isPath(name) || access(name.c_str(), R_OK) != 0) continue;
      throw Error(
          ErrorCode::RUNTIME_UNUSABLE,
          "This process already runs ONNX Runtime from " + state.info.path + ", so " + name + " cannot be opened too.",
          "Use the same library everywhere in a process, or start another process.");
    }
  }

  std::vector<std::string> tried;
  bool found = false;
  for (const std::string& name : libraries) {
    if (name.empty()) continue;
    std::string reason;
    if (isPath(name) && access(name.c_str(), F_OK) != 0) {
      tried.push_back(name + ": no such file");
      continue;
    }
    void* library = state.library ? nullptr : tryLibrary(name, reason);
    if (library) {
      state.library = library;
      state.info = {loadedPath(library, name), apiBase(library)->GetVersionString(), tried};
      return openEnvironment(state, lock);
    }
    found = found || isPath(name);
    tried.push_back(name + ": " + (reason.empty() ? "not the library this process has open" : reason));
  }
  if (found)
    throw Error(ErrorCode::RUNTIME_UNUSABLE, "No ONNX Runtime could be used. Tried " + joined(tried) + ".",
                kInstallHint);
  throw Error(
      ErrorCode::RUNTIME_MISSING,
      "ONNX Runtime was not found. Tried " + (tried.empty() ? "nothing: no library was named" : joined(tried)) + ".",
      kInstallHint);
}

}  // namespace framepath::infer
