// The few types of the CUDA driver API that we use, declared here: a build needs no NVIDIA header.
#pragma once
#include <cstddef>

namespace framepath::cuda {

using Result = int;                  // CUresult
using Ordinal = int;                 // CUdevice
using Address = unsigned long long;  // CUdeviceptr
using Context = struct ContextHandle*;
using Stream = struct StreamHandle*;
using Event = struct EventHandle*;
using Module = struct ModuleHandle*;
using Function = struct FunctionHandle*;

// Those that mean something to us.
namespace result {
inline constexpr Result success = 0;
inline constexpr Result invalidValue = 1;
inline constexpr Result outOfMemory = 2;
inline constexpr Result deinitialized = 4;
inline constexpr Result stubLibrary = 34;
inline constexpr Result insufficientDriver = 35;
inline constexpr Result devicesUnavailable = 46;
inline constexpr Result noDevice = 100;
inline constexpr Result invalidDevice = 101;
inline constexpr Result invalidImage = 200;
inline constexpr Result invalidContext = 201;
inline constexpr Result mapFailed = 205;
inline constexpr Result noBinaryForGpu = 209;
inline constexpr Result eccUncorrectable = 214;
inline constexpr Result invalidPtx = 218;
inline constexpr Result nvlinkUncorrectable = 220;
inline constexpr Result jitCompilerNotFound = 221;
inline constexpr Result unsupportedPtxVersion = 222;
inline constexpr Result jitCompilationDisabled = 223;
inline constexpr Result invalidHandle = 400;
inline constexpr Result notFound = 500;
inline constexpr Result notReady = 600;
inline constexpr Result illegalAddress = 700;
inline constexpr Result launchOutOfResources = 701;
inline constexpr Result launchTimeout = 702;
inline constexpr Result contextIsDestroyed = 709;
inline constexpr Result assertion = 710;
inline constexpr Result hardwareStackError = 714;
inline constexpr Result illegalInstruction = 715;
inline constexpr Result misalignedAddress = 716;
inline constexpr Result invalidAddressSpace = 717;
inline constexpr Result invalidPc = 718;
inline constexpr Result launchFailed = 719;
inline constexpr Result tensorMemoryLeak = 721;
inline constexpr Result notSupported = 801;
inline constexpr Result systemNotReady = 802;
inline constexpr Result systemDriverMismatch = 803;
inline constexpr Result compatNotSupported = 804;
inline constexpr Result unknown = 999;
}  // namespace result

// After one of these the context, and with it every run of the process on that GPU, is beyond help.
constexpr bool isSticky(Result r) {
  switch (r) {
    case result::deinitialized:
    case result::eccUncorrectable:
    case result::nvlinkUncorrectable:
    case result::illegalAddress:
    case result::launchTimeout:
    case result::contextIsDestroyed:
    case result::assertion:
    case result::hardwareStackError:
    case result::illegalInstruction:
    case result::misalignedAddress:
    case result::invalidAddressSpace:
    case result::invalidPc:
    case result::launchFailed:
    case result::tensorMemoryLeak:
    case result::unknown: return true;
    default: return false;
  }
}

enum class MemoryType : unsigned { host = 1, device = 2, array = 3, unified = 4 };

struct Copy2d {  // CUDA_MEMCPY2D
  size_t srcXInBytes, srcY;
  MemoryType srcMemoryType;
  const void* srcHost;
  Address srcDevice;
  void* srcArray;
  size_t srcPitch;
  size_t dstXInBytes, dstY;
  MemoryType dstMemoryType;
  void* dstHost;
  Address dstDevice;
  void* dstArray;
  size_t dstPitch;
  size_t widthInBytes, height;
};
static_assert(sizeof(Copy2d) == 128);

struct IpcHandle {  // CUipcMemHandle
  unsigned char bytes[64];
};

namespace attribute {  // CUdevice_attribute
inline constexpr int multiprocessorCount = 16;
inline constexpr int computeCapabilityMajor = 75;
inline constexpr int computeCapabilityMinor = 76;
}  // namespace attribute

inline constexpr int pointerMemoryType = 2;  // CUpointer_attribute
inline constexpr unsigned streamNonBlocking = 1;
inline constexpr unsigned eventDisableTiming = 2;
inline constexpr unsigned hostAllocPortable = 1;
inline constexpr unsigned ipcLazyPeerAccess = 1;  // the flag for opening a handle

namespace jit {  // CUjit_option
inline constexpr int errorLogBuffer = 5;
inline constexpr int errorLogBufferBytes = 6;
}  // namespace jit

}  // namespace framepath::cuda
