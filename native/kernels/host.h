// The CPU side of the kernel list: one table of entry points per compiled instruction set.
#pragma once
#include "kernels/list.h"

namespace framepath {

using HostKernel = void (*)(const void* args, const Grid& grid);
using HostKernelTable = HostKernel[static_cast<int>(KernelId::count)];

enum class Isa { baseline, avx2, avx512 };

const char* isaName(Isa isa);
bool isaSupported(Isa isa);  // compiled in and this CPU has it

// The best supported one, or what FRAMEPATH_ISA names (baseline | avx2 | avx512; unsupported: the best below it).
Isa chooseIsa();
const HostKernelTable& hostKernels(Isa isa);

}  // namespace framepath
