// Qualifiers for code compiled three ways from one source: host C++, nvcc, and clang's CUDA mode without any toolkit.
// Code under kernels/ uses neither the STL nor libm, so that every target gives the same bits.
#pragma once
#if defined(__clang__) && defined(__CUDA__)
#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __launch_bounds__(n) __attribute__((launch_bounds(n)))
#include <__clang_cuda_builtin_vars.h>
#define HD __host__ __device__ inline __attribute__((always_inline))
#elif defined(__CUDACC__)
#define HD __host__ __device__ __forceinline__
#else
#define HD inline __attribute__((always_inline))
#endif
#include <stddef.h>
#include <stdint.h>

#include "core/view.h"

namespace framepath {

// The domain of a launch: a kernel's body runs once for every (x, y, z) below it.
struct Grid {
  int32_t x = 1;
  int32_t y = 1;
  int32_t z = 1;
};

}  // namespace framepath
