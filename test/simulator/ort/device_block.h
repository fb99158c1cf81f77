// Memory that the provider itself allocates on the GPU.
#pragma once
#include <cstddef>

namespace framepath::simulator {

// A copy of `bytes` bytes of host memory; null: out of memory.
void* makeDeviceBlock(const void* from, size_t bytes);
void freeDeviceBlock(void* block);

}  // namespace framepath::simulator
