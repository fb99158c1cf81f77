// Memory that is free but still the process's.
#pragma once
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace framepath {

// Each of a run's threads had an arena of the allocator's: without this, run after run leaves its peak there. May take
// a second while other threads allocate a lot.
inline void returnFreeMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace framepath
