// Compiled once per instruction set with FRAMEPATH_ISA_NAME = baseline, avx2 or avx512.
#include "kernels/compose_rows.h"
#include "kernels/draw_rows.h"
#include "kernels/host.h"

namespace framepath {
namespace {

// Runs a kernel's body over the whole grid. A kernel whose scalar body does not vectorise specialises this with a
// row-wise version that gives the same bits (the conformance program compares them).
template <typename Args, void (*body)(const Args&, int32_t, int32_t, int32_t)>
struct HostLoop {
  static void run(const void* opaque, const Grid& grid) {
    const Args& args = *static_cast<const Args*>(opaque);
    for (int32_t z = 0; z < grid.z; z++)
      for (int32_t y = 0; y < grid.y; y++)
        for (int32_t x = 0; x < grid.x; x++) body(args, x, y, z);
  }
};

template <>
struct HostLoop<ComposeArgs, composeTiles> {
  static void run(const void* args, const Grid&) { composeRows(*static_cast<const ComposeArgs*>(args)); }
};
template <>
struct HostLoop<DrawArgs, draw> {
  static void run(const void* args, const Grid&) { drawRows(*static_cast<const DrawArgs*>(args)); }
};

}  // namespace

#define FRAMEPATH_TABLE_NAME(isa) FRAMEPATH_TABLE_NAME_(isa)
#define FRAMEPATH_TABLE_NAME_(isa) hostKernels_##isa
extern const HostKernelTable FRAMEPATH_TABLE_NAME(FRAMEPATH_ISA_NAME);
const HostKernelTable FRAMEPATH_TABLE_NAME(FRAMEPATH_ISA_NAME) = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) &HostLoop<Args, name>::run,
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};

}  // namespace framepath
