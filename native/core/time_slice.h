// How long the kernel lets a thread run at a time, which is also how soon a thread that wakes may run before busy ones:
// on busy cores the JavaScript thread else waits for their slices to end (2.8 ms). A short slice takes no share of the
// CPU away from anybody. Linux 6.12 and later (EEVDF with custom slices); elsewhere nothing happens.
#pragma once
#include <cstdint>

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace framepath {

// For the calling thread, and threads it starts from now on. 0 = the kernel's own choice.
inline void setTimeSlice([[maybe_unused]] uint64_t ns) {
#ifdef __linux__
  struct Attributes {  // the kernel's struct sched_attr, first version
    uint32_t size = sizeof(Attributes);
    uint32_t policy = 0;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 0, deadline = 0, period = 0;
  } attributes;
  // A thread with another policy keeps it.
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 || attributes.policy != SCHED_OTHER) return;
  attributes.size = sizeof attributes;
  attributes.runtime = ns;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
#endif
}

inline constexpr uint64_t kShortestSliceNs = 100'000;

}  // namespace framepath
