// The clocks every stamp is taken from.
#pragma once
#include <cstdint>
#include <ctime>

namespace framepath {

inline int64_t readClockNs(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
inline int64_t nowNs() {
  return readClockNs(CLOCK_MONOTONIC);
}
inline int64_t threadCpuNs() {
  return readClockNs(CLOCK_THREAD_CPUTIME_ID);
}
inline int64_t processCpuNs() {
  return readClockNs(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace framepath
