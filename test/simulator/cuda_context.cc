// The driver itself, devices and contexts.
#include <cstdio>
#include <cstring>
#include <utility>

#include "simulator/arena.h"
#include "simulator/state.h"
#include "simulator/work.h"

using namespace framepath::simulator;
using framepath::cuda::Context;
using framepath::cuda::Ordinal;

namespace {

int devices() {
  return static_cast<int>(number("FRAMEPATH_SIM_DEVICES", 1));
}

bool exists(Ordinal device) {
  return device >= 0 && device < devices() && device < 8;
}

Context handleOf(ContextState* context) {
  return reinterpret_cast<Context>(context);
}

constexpr std::pair<Result, std::pair<const char*, const char*>> kNames[] = {
    {0, {"CUDA_SUCCESS", "no error"}},
    {1, {"CUDA_ERROR_INVALID_VALUE", "invalid argument"}},
    {2, {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"}},
    {3, {"CUDA_ERROR_NOT_INITIALIZED", "initialization error"}},
    {4, {"CUDA_ERROR_DEINITIALIZED", "driver shutting down"}},
    {35, {"CUDA_ERROR_INSUFFICIENT_DRIVER", "driver version is insufficient"}},
    {46, {"CUDA_ERROR_DEVICE_UNAVAILABLE", "device is busy or unavailable"}},
    {100, {"CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"}},
    {101, {"CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"}},
    {200, {"CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"}},
    {201, {"CUDA_ERROR_INVALID_CONTEXT", "invalid device context"}},
    {209, {"CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"}},
    {214, {"CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"}},
    {218, {"CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"}},
    {221, {"CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "PTX JIT compiler library not found"}},
    {222, {"CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."}},
    {400, {"CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"}},
    {500, {"CUDA_ERROR_NOT_FOUND", "named symbol not found"}},
    {600, {"CUDA_ERROR_NOT_READY", "device not ready"}},
    {700, {"CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"}},
    {701, {"CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"}},
    {702, {"CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"}},
    {716, {"CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"}},
    {719, {"CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"}},
    {801, {"CUDA_ERROR_NOT_SUPPORTED", "operation not supported"}},
    {999, {"CUDA_ERROR_UNKNOWN", "unknown error"}},
};

const std::pair<const char*, const char*>* find(Result result) {
  for (const auto& [number, names] : kNames)
    if (number == result) return &names;
  return nullptr;
}

}  // namespace

SIM_API cuInit(unsigned) {
  SIM_ENTER(cuInit, nothing);
  if (const long long ordered = number("FRAMEPATH_SIM_INIT", 0)) return static_cast<Result>(ordered);
  if (devices() == 0) return result::noDevice;
  State& all = state();
  all.lazy = flag("FRAMEPATH_SIM_LAZY");
  arena().open(static_cast<size_t>(number("FRAMEPATH_SIM_MEMORY", 4LL << 30)), flag("FRAMEPATH_SIM_STRICT"));
  all.initialised = true;
  return result::success;
}

SIM_API cuDriverGetVersion(int* version) {
  *version = static_cast<int>(number("FRAMEPATH_SIM_DRIVER", 13000));
  return result::success;
}

SIM_API cuGetErrorName(Result error, const char** name) {
  const auto* known = find(error);
  *name = known ? known->first : nullptr;
  return known ? result::success : result::invalidValue;
}

SIM_API cuGetErrorString(Result error, const char** text) {
  const auto* known = find(error);
  *text = known ? known->second : nullptr;
  return known ? result::success : result::invalidValue;
}

SIM_API cuDeviceGetCount(int* count) {
  SIM_ENTER(cuDeviceGetCount, driver);
  *count = devices();
  return result::success;
}

SIM_API cuDeviceGet(Ordinal* device, int index) {
  SIM_ENTER(cuDeviceGet, driver);
  if (!exists(index)) return result::invalidDevice;
  *device = index;
  return result::success;
}

SIM_API cuDeviceGetName(char* name, int bytes, Ordinal device) {
  SIM_ENTER(cuDeviceGetName, driver);
  if (!exists(device)) return result::invalidDevice;
  std::snprintf(name, static_cast<size_t>(bytes), "Simulated GPU");
  return result::success;
}

SIM_API cuDeviceGetPCIBusId(char* busId, int bytes, Ordinal device) {
  SIM_ENTER(cuDeviceGetPCIBusId, driver);
  if (!exists(device)) return result::invalidDevice;
  std::snprintf(busId, static_cast<size_t>(bytes), "0000:%02x:00.0", 0x65 + device);
  return result::success;
}

SIM_API cuDeviceGetUuid(unsigned char* uuid, Ordinal device) {
  SIM_ENTER(cuDeviceGetUuid, driver);
  std::memset(uuid, 0, 16);
  uuid[15] = static_cast<unsigned char>(device + 1);
  return result::success;
}

SIM_API cuDeviceComputeCapability(int* major, int* minor, Ordinal) {
  SIM_ENTER(cuDeviceComputeCapability, driver);
  const auto capability = static_cast<int>(number("FRAMEPATH_SIM_CAPABILITY", 90));
  *major = capability / 10;
  *minor = capability % 10;
  return result::success;
}

SIM_API cuDeviceTotalMem_v2(size_t* bytes, Ordinal) {
  SIM_ENTER(cuDeviceTotalMem_v2, driver);
  *bytes = arena().size();
  return result::success;
}

SIM_API cuDeviceGetAttribute(int* value, int attribute, Ordinal device) {
  SIM_ENTER(cuDeviceGetAttribute, driver);
  if (!exists(device)) return result::invalidDevice;
  const auto capability = static_cast<int>(number("FRAMEPATH_SIM_CAPABILITY", 90));
  switch (attribute) {
    case 1: *value = 1024; break;  // threads of a block
    case 10: *value = 32; break;   // of a warp
    case framepath::cuda::attribute::multiprocessorCount: *value = 4; break;
    case 14: *value = 512; break;  // alignment of textures
    case 41: *value = 1; break;    // unified addressing
    case framepath::cuda::attribute::computeCapabilityMajor: *value = capability / 10; break;
    case framepath::cuda::attribute::computeCapabilityMinor: *value = capability % 10; break;
    default: *value = 0;
  }
  return result::success;
}

SIM_API cuDevicePrimaryCtxRetain(Context* context, Ordinal device) {
  SIM_ENTER(cuDevicePrimaryCtxRetain, driver);
  if (!exists(device)) return result::invalidDevice;
  ContextState& primary = state().primary[device];
  primary.device = device;
  primary.primary = true;
  if (primary.references++ == 0) state().count("context_live");
  *context = handleOf(&primary);
  return result::success;
}

SIM_API cuDevicePrimaryCtxRelease_v2(Ordinal device) {
  SIM_ENTER(cuDevicePrimaryCtxRelease, driver);
  if (!exists(device) || state().primary[device].references == 0) return result::invalidContext;
  if (--state().primary[device].references == 0) {
    work().runEverything();
    state().count("context_live", -1);
  }
  return result::success;
}
SIM_API cuDevicePrimaryCtxRelease(Ordinal device) {
  return cuDevicePrimaryCtxRelease_v2(device);
}

SIM_API cuDevicePrimaryCtxSetFlags_v2(Ordinal device, unsigned flags) {
  SIM_ENTER(cuDevicePrimaryCtxSetFlags, driver);
  state().primary[device].flags = flags;
  return result::success;
}
SIM_API cuDevicePrimaryCtxSetFlags(Ordinal device, unsigned flags) {
  return cuDevicePrimaryCtxSetFlags_v2(device, flags);
}

SIM_API cuDevicePrimaryCtxGetState(Ordinal device, unsigned* flags, int* active) {
  SIM_ENTER(cuDevicePrimaryCtxGetState, driver);
  *flags = state().primary[device].flags;
  *active = state().primary[device].references > 0;
  return result::success;
}

SIM_API cuCtxCreate_v2(Context* context, unsigned flags, Ordinal device) {
  SIM_ENTER(cuCtxCreate_v2, driver);
  if (!exists(device)) return result::invalidDevice;
  auto* made = new ContextState{device, false, flags, 1};
  contextStack().push_back(made);
  state().count("context_live");
  *context = handleOf(made);
  return result::success;
}

SIM_API cuCtxDestroy_v2(Context context) {
  SIM_ENTER(cuCtxDestroy_v2, driver);
  auto* state_ = reinterpret_cast<ContextState*>(context);
  if (!state_ || state_->primary) return result::invalidContext;
  work().runEverything();
  if (currentContext() == state_) contextStack().pop_back();
  state().count("context_live", -1);
  delete state_;
  return result::success;
}

SIM_API cuCtxPushCurrent_v2(Context context) {
  SIM_ENTER(cuCtxPushCurrent_v2, driver);
  if (!context) return result::invalidContext;
  contextStack().push_back(reinterpret_cast<ContextState*>(context));
  return result::success;
}

SIM_API cuCtxPopCurrent_v2(Context* context) {
  SIM_ENTER(cuCtxPopCurrent_v2, context);
  if (context) *context = handleOf(currentContext());
  contextStack().pop_back();
  return result::success;
}

SIM_API cuCtxSetCurrent(Context context) {
  SIM_ENTER(cuCtxSetCurrent, driver);
  if (currentContext()) contextStack().pop_back();
  if (context) contextStack().push_back(reinterpret_cast<ContextState*>(context));
  return result::success;
}

SIM_API cuCtxGetCurrent(Context* context) {
  SIM_ENTER(cuCtxGetCurrent, driver);
  *context = handleOf(currentContext());
  return result::success;
}

SIM_API cuCtxGetDevice(Ordinal* device) {
  SIM_ENTER(cuCtxGetDevice, context);
  *device = currentContext()->device;
  return result::success;
}

SIM_API cuCtxSetLimit(int, size_t) {
  return result::success;
}

SIM_API cuCtxSynchronize() {
  SIM_ENTER(cuCtxSynchronize, context);
  work().runEverything();
  return state().lost;
}
