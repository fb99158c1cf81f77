// The NVIDIA driver's library, opened at run time: a missing or broken one is an error at use, not at load.
#pragma once
#include <string>

#include "core/error.h"
#include "device/cuda_types.h"

namespace framepath::cuda {

// X(name, type of its parameters). The driver exports cuNAME, where the API has several versions with a suffix.
#define FRAMEPATH_CUDA_CALLS(X)                                                                                  \
  X(cuInit, (unsigned flags))                                                                                    \
  X(cuDriverGetVersion, (int* version))                                                                          \
  X(cuGetErrorName, (Result, const char** name))                                                                 \
  X(cuGetErrorString, (Result, const char** text))                                                               \
  X(cuDeviceGetCount, (int* count))                                                                              \
  X(cuDeviceGet, (Ordinal * device, int index))                                                                  \
  X(cuDeviceGetName, (char* name, int bytes, Ordinal))                                                           \
  X(cuDeviceGetAttribute, (int* value, int attribute, Ordinal))                                                  \
  X(cuDeviceGetPCIBusId, (char* busId, int bytes, Ordinal))                                                      \
  X(cuDeviceTotalMem_v2, (size_t * bytes, Ordinal))                                                              \
  X(cuDevicePrimaryCtxRetain, (Context * context, Ordinal))                                                      \
  X(cuDevicePrimaryCtxRelease, (Ordinal))                                                                        \
  X(cuCtxPushCurrent_v2, (Context))                                                                              \
  X(cuCtxPopCurrent_v2, (Context * context))                                                                     \
  X(cuMemGetInfo_v2, (size_t * free, size_t * total))                                                            \
  X(cuMemAlloc_v2, (Address * address, size_t bytes))                                                            \
  X(cuMemFree_v2, (Address))                                                                                     \
  X(cuMemHostAlloc, (void** memory, size_t bytes, unsigned flags))                                               \
  X(cuMemFreeHost, (void* memory))                                                                               \
  X(cuPointerGetAttribute, (void* value, int attribute, Address))                                                \
  X(cuMemcpyHtoDAsync_v2, (Address to, const void* from, size_t bytes, Stream))                                  \
  X(cuMemcpyDtoHAsync_v2, (void* to, Address from, size_t bytes, Stream))                                        \
  X(cuMemcpyDtoDAsync_v2, (Address to, Address from, size_t bytes, Stream))                                      \
  X(cuMemcpy2DAsync_v2, (const Copy2d* copy, Stream))                                                            \
  X(cuStreamCreate, (Stream * stream, unsigned flags))                                                           \
  X(cuStreamDestroy_v2, (Stream))                                                                                \
  X(cuStreamSynchronize, (Stream))                                                                               \
  X(cuStreamWaitEvent, (Stream, Event, unsigned flags))                                                          \
  X(cuEventCreate, (Event * event, unsigned flags))                                                              \
  X(cuEventDestroy_v2, (Event))                                                                                  \
  X(cuEventRecord, (Event, Stream))                                                                              \
  X(cuEventQuery, (Event))                                                                                       \
  X(cuEventSynchronize, (Event))                                                                                 \
  X(cuModuleLoadDataEx, (Module * module, const void* image, unsigned count, int* options, void** values))       \
  X(cuModuleUnload, (Module))                                                                                    \
  X(cuModuleGetFunction, (Function * function, Module, const char* name))                                        \
  X(cuLaunchKernel, (Function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, \
                     unsigned blockZ, unsigned sharedBytes, Stream, void** parameters, void** extra))

// Those that a driver may lack, or a machine refuse.
#define FRAMEPATH_CUDA_OPTIONAL_CALLS(X)                                    \
  X(cuEventElapsedTime, (float* ms, Event from, Event to))                  \
  X(cuIpcGetMemHandle, (IpcHandle * handle, Address))                       \
  X(cuIpcOpenMemHandle_v2, (Address * address, IpcHandle handle, unsigned)) \
  X(cuIpcCloseMemHandle, (Address))

struct Driver {
#define FRAMEPATH_CUDA_MEMBER(name, parameters) Result(*name) parameters = nullptr;
  FRAMEPATH_CUDA_CALLS(FRAMEPATH_CUDA_MEMBER)
  FRAMEPATH_CUDA_OPTIONAL_CALLS(FRAMEPATH_CUDA_MEMBER)  // may be null
#undef FRAMEPATH_CUDA_MEMBER
  std::string library;  // the file

  std::string errorText(Result result) const;  // CUDA_ERROR_INVALID_VALUE (1, invalid argument)
};

// The library with all of its calls; opened once and kept. Throws DEVICE_UNAVAILABLE.
const Driver& driverLibrary();

// The same, initialised and new enough; `version` is of CUDA, 12040 for 12.4. Throws DEVICE_UNAVAILABLE.
struct ReadyDriver {
  const Driver& calls;
  int version;
};
ReadyDriver readyDriver();

// 12.4
std::string versionText(int version);

}  // namespace framepath::cuda
