// How a kernel runs on the CPU. Included by host_table.cc only, once per instruction set: everything here and in the
// *_rows.h headers has internal linkage and uses no templates of the standard library, or the linker would be free to
// keep the AVX-512 copy of a function for all.
#pragma once
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

}  // namespace
}  // namespace framepath
