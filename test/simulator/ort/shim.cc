#include "simulator/ort/shim.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace framepath::simulator {
namespace {

// The real library's entries, and those of ours.
const OrtApi* ORT_API_CALL getApi(uint32_t version) noexcept;

const OrtApiBase* realBase() {
  static const OrtApiBase* base = [] {
    const char* file = std::getenv("FRAMEPATH_SIM_ORT_REAL");
    void* library = dlopen(file ? file : "libonnxruntime.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      std::fprintf(stderr, "simulated ONNX Runtime: %s\n", dlerror());
      return static_cast<const OrtApiBase*>(nullptr);
    }
    using GetBase = const OrtApiBase* (*)();
    return reinterpret_cast<GetBase>(dlsym(library, "OrtGetApiBase"))();
  }();
  return base;
}

const OrtApi* ORT_API_CALL getApi(uint32_t version) noexcept {
  const OrtApi* real = realBase()->GetApi(version);
  if (!real) return nullptr;
  static const OrtApi* ours = [real] {
    static OrtApi api;
    std::memcpy(static_cast<void*>(&api), real, sizeof api);
    shim().real = real;
    replaceProviders(api);
    replaceMemory(api);
    replaceRuns(api);
    return &api;
  }();
  return ours;
}

}  // namespace

Shim& shim() {
  static Shim* shim = new Shim;
  return *shim;
}

bool ruled(const std::string& provider, const std::string& rule, long run) {
  const char* rules = std::getenv("FRAMEPATH_SIM_ORT");
  std::stringstream list(rules ? rules : "");
  const std::string wanted = (provider == "tensorrt" ? "tensorrt." : "") + rule;
  for (std::string one; std::getline(list, one, ',');) {
    const size_t colon = one.find(':');
    if (one.substr(0, colon) != wanted) continue;
    if (colon == std::string::npos) return true;
    const long at = std::atol(one.c_str() + colon + 1);
    if (one.back() == '+' ? run >= at : run == at) return true;
  }
  return false;
}

}  // namespace framepath::simulator

extern "C" __attribute__((visibility("default"))) const OrtApiBase* ORT_API_CALL OrtGetApiBase() noexcept {
  using namespace framepath::simulator;
  static OrtApiBase base{};
  if (!realBase()) return nullptr;
  base = *realBase();
  base.GetApi = getApi;
  return &base;
}
