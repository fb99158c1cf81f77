// The kernel list on a GPU: one entry point a kernel, the body once a thread of the grid.
#include "kernels/list.h"

namespace framepath {

#define FRAMEPATH_KERNEL_ENTRY(name, Args)                                                               \
  extern "C" __global__ void __launch_bounds__(256) framepath_##name(const Args args, const Grid grid) { \
    const int32_t x = static_cast<int32_t>(blockIdx.x * blockDim.x + threadIdx.x);                       \
    const int32_t y = static_cast<int32_t>(blockIdx.y * blockDim.y + threadIdx.y);                       \
    const int32_t z = static_cast<int32_t>(blockIdx.z);                                                  \
    if (x < grid.x && y < grid.y && z < grid.z) name(args, x, y, z);                                     \
  }
FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY

}  // namespace framepath
