// Calls that libraries beside us look up when they load (FFmpeg's loader insists on them) and nothing here makes.
#include "simulator/state.h"

#define SIM_UNUSED(call)                          \
  SIM_API call() {                                \
    return framepath::cuda::result::notSupported; \
  }

SIM_UNUSED(cuModuleGetGlobal)
SIM_UNUSED(cuModuleGetGlobal_v2)
SIM_UNUSED(cuLinkCreate)
SIM_UNUSED(cuLinkAddData)
SIM_UNUSED(cuLinkComplete)
SIM_UNUSED(cuLinkDestroy)
SIM_UNUSED(cuDevicePrimaryCtxReset)
SIM_UNUSED(cuTexObjectCreate)
SIM_UNUSED(cuTexObjectDestroy)
SIM_UNUSED(cuGLGetDevices_v2)
SIM_UNUSED(cuGraphicsGLRegisterImage)
SIM_UNUSED(cuGraphicsUnregisterResource)
SIM_UNUSED(cuGraphicsMapResources)
SIM_UNUSED(cuGraphicsUnmapResources)
SIM_UNUSED(cuGraphicsSubResourceGetMappedArray)
SIM_UNUSED(cuGraphicsResourceGetMappedPointer_v2)
SIM_UNUSED(cuArray3DCreate_v2)
SIM_UNUSED(cuArrayDestroy)
