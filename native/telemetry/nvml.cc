#include "telemetry/nvml.h"

#include <dlfcn.h>

#include "core/error.h"

namespace framepath::telemetry::nvml {
namespace {

constexpr const char* kHint =
    "The library comes with NVIDIA's driver; a container gets it with NVIDIA_DRIVER_CAPABILITIES=utility.";

}  // namespace

template <typename Function>
bool Nvml::find(Function& function, const char* name) {
  function = reinterpret_cast<Function>(dlsym(handle_, name));
  return function != nullptr;
}

std::shared_ptr<Nvml> Nvml::open(const char* library) {
  void* const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* why = dlerror();
    throw Error(ErrorCode::DEVICE_UNAVAILABLE, std::string("NVML cannot be opened: ") + (why ? why : library) + ".",
                kHint);
  }
  const std::shared_ptr<Nvml> nvml(new Nvml(handle));
  const auto require = [&](bool found, const char* name) {
    if (!found)
      throw Error(ErrorCode::DEVICE_UNAVAILABLE, std::string(library) + " has no " + name + ": its driver is too old.",
                  "Update NVIDIA's driver to 450 or later.");
  };
#define FRAMEPATH_NVML_REQUIRE(name, parameters) require(nvml->find(nvml->name, #name), #name);
#define FRAMEPATH_NVML_FIND(name, parameters) nvml->find(nvml->name, #name);
  FRAMEPATH_NVML_REQUIRED(FRAMEPATH_NVML_REQUIRE)
  FRAMEPATH_NVML_OPTIONAL(FRAMEPATH_NVML_FIND)
#undef FRAMEPATH_NVML_REQUIRE
#undef FRAMEPATH_NVML_FIND
  nvml->find(nvml->nvmlErrorString, "nvmlErrorString");
  if (const Status status = nvml->nvmlInit_v2(); status != kSuccess)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE, "NVML does not start: " + nvml->errorText(status) + ".",
                "`nvidia-smi` shows more.");
  nvml->initialised_ = true;
  return nvml;
}

Nvml::~Nvml() {
  if (initialised_) nvmlShutdown();
  dlclose(handle_);
}

std::string Nvml::errorText(Status status) const {
  const char* text = nvmlErrorString ? nvmlErrorString(status) : nullptr;
  return (text ? std::string(text) + " (" : std::string("NVML error (")) + std::to_string(status) + ")";
}

}  // namespace framepath::telemetry::nvml
