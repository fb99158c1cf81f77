// The list of kernels: X(name, Args). `name` is the HD function, `Args` its parameters (plain data, by value, <= 4
// KiB). Every CPU instruction set and CUDA compile this same list.
#pragma once
#include "kernels/compose.h"
#include "kernels/draw.h"
#include "kernels/fill.h"
#include "kernels/redact.h"

namespace framepath {

#define FRAMEPATH_KERNELS(X)   \
  X(fill, FillArgs)            \
  X(composeTiles, ComposeArgs) \
  X(pixelate, PixelateArgs)    \
  X(blur, BlurArgs)            \
  X(draw, DrawArgs)

enum class KernelId : int32_t {
#define FRAMEPATH_KERNEL_ENUM(name, Args) name,
  FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENUM)
#undef FRAMEPATH_KERNEL_ENUM
      count
};

template <typename Args>
struct KernelOf;
#define FRAMEPATH_KERNEL_OF(name, Args)            \
  template <>                                      \
  struct KernelOf<Args> {                          \
    static constexpr KernelId id = KernelId::name; \
  };                                               \
  static_assert(sizeof(Args) <= 4096);
FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_OF)
#undef FRAMEPATH_KERNEL_OF

}  // namespace framepath
