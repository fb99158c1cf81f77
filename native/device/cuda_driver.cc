#include "device/cuda_driver.h"

#include <dlfcn.h>

#include <memory>
#include <mutex>

#include "device/backends.h"

namespace framepath::cuda {
namespace {

constexpr const char* kFile = "libcuda.so.1";
constexpr int kOldest = 10010;  // driver 418, which understands our PTX

Error unavailable(std::string sentence, std::string hint) {
  return {ErrorCode::DEVICE_UNAVAILABLE, std::move(sentence), std::move(hint)};
}

std::unique_ptr<const Driver> loadLibrary() {
  void* const handle = dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* why = dlerror();
    throw unavailable(std::string("There is no usable NVIDIA driver: ") + (why ? why : kFile) + ".",
                      "Install the NVIDIA driver, or use device \"cpu\"; in a container, start it with the GPU and "
                      "NVIDIA_DRIVER_CAPABILITIES=compute,video,utility.");
  }
  auto driver = std::make_unique<Driver>();
  Dl_info place{};
  if (void* init = dlsym(handle, "cuInit"); init && dladdr(init, &place) && place.dli_fname)
    driver->library = place.dli_fname;
  std::string missing;
  const auto resolve = [&](const char* name) {
    // What the context's flags mean on release changed with CUDA 11; older drivers have no second version.
    void* symbol =
        std::string_view(name) == "cuDevicePrimaryCtxRelease" ? dlsym(handle, "cuDevicePrimaryCtxRelease_v2") : nullptr;
    if (!symbol) symbol = dlsym(handle, name);
    if (!symbol && missing.empty()) missing = name;
    return symbol;
  };
#define FRAMEPATH_CUDA_RESOLVE(name, parameters) driver->name = reinterpret_cast<Result(*) parameters>(resolve(#name));
  FRAMEPATH_CUDA_CALLS(FRAMEPATH_CUDA_RESOLVE)
#undef FRAMEPATH_CUDA_RESOLVE
#define FRAMEPATH_CUDA_LOOK(name, parameters) \
  driver->name = reinterpret_cast<Result(*) parameters>(dlsym(handle, #name));
  FRAMEPATH_CUDA_OPTIONAL_CALLS(FRAMEPATH_CUDA_LOOK)
#undef FRAMEPATH_CUDA_LOOK
  if (!missing.empty())
    throw unavailable("The NVIDIA driver " + driver->library + " is too old: it has no " + missing + ".",
                      "Update the driver to 418 or later.");
  return driver;
}

std::string hintAboutInit(Result result) {
  switch (result) {
    case result::noDevice:
      return "No GPU is visible: see nvidia-smi, CUDA_VISIBLE_DEVICES and, in a container, whether it was started with "
             "the GPU.";
    case result::stubLibrary: return "This library is the CUDA toolkit's stub: take its folder out of LD_LIBRARY_PATH.";
    case result::insufficientDriver: return "Update the NVIDIA driver.";
    case result::systemNotReady: return "Start nvidia-fabricmanager (machines with NVSwitch need it), or reboot.";
    case result::systemDriverMismatch:
      return "The driver's library and kernel module are of two versions: reboot, or reload the module.";
    case result::compatNotSupported:
      return "A forward-compatibility libcuda lies before the driver's own: take it out of LD_LIBRARY_PATH.";
    case result::unknown: return "Try nvidia-modprobe -u -c=0 as root, or reboot; dmesg may show more.";
    default: return "See whether nvidia-smi works; dmesg may show more.";
  }
}

}  // namespace

std::string Driver::errorText(Result result) const {
  const char *name = nullptr, *text = nullptr;
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &text);
  std::string all = (name ? name : "CUDA error") + std::string(" (") + std::to_string(result);
  if (text) all += ", " + std::string(text);
  return all + ")";
}

const Driver& driverLibrary() {
  static std::mutex mutex;
  static const Driver* driver = nullptr;  // never closed: threads of the driver may still run
  std::lock_guard lock(mutex);
  if (!driver) driver = loadLibrary().release();
  return *driver;
}

ReadyDriver readyDriver() {
  const Driver& driver = driverLibrary();
  int version = 0;
  driver.cuDriverGetVersion(&version);
  if (version < kOldest)
    throw unavailable("The NVIDIA driver is too old: it supports CUDA " + versionText(version) + ", " +
                          versionText(kOldest) + " is needed.",
                      "Update the driver to 418 or later.");
  if (const Result result = driver.cuInit(0); result != result::success)
    throw unavailable("The NVIDIA driver does not start: " + driver.errorText(result) + ".", hintAboutInit(result));
  return {driver, version};
}

std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace framepath::cuda

namespace framepath {

bool gpuPresent() {
  namespace result = cuda::result;
  try {
    const cuda::Driver& driver = cuda::driverLibrary();
    const cuda::Result started = driver.cuInit(0);
    int count = 0;
    return started == result::success ? driver.cuDeviceGetCount(&count) != result::success || count > 0
                                      : started != result::noDevice && started != result::stubLibrary;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace framepath
