// Linked into everything that is built for older machines (toolchain.mjs): what Debian 11's glibc 2.31 has and 2.28 lacks,
// and what the libstdc++.a of a newer system asks of its own.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HIDDEN __attribute__((visibility("hidden")))

// The first version of these symbols; that of 2.29 differs in what it does to errno only.
#if defined(__x86_64__)
#define FIRST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define FIRST "GLIBC_2.17"
#endif
#define FLOOR1(name)                                          \
  double framepath_##name(double);                            \
  __asm__(".symver framepath_" #name "," #name "@" FIRST);    \
  HIDDEN double name(double x) { return framepath_##name(x); }
#define FLOOR2(name)                                          \
  double framepath_##name(double, double);                    \
  __asm__(".symver framepath_" #name "," #name "@" FIRST);    \
  HIDDEN double name(double x, double y) { return framepath_##name(x, y); }
FLOOR1(exp)
FLOOR1(exp2)
FLOOR1(log)
FLOOR1(log2)
FLOOR2(pow)

HIDDEN pid_t gettid(void) { return (pid_t)syscall(SYS_gettid); }

#ifndef WITHOUT_CLOCKWAIT  // 2.31 has it
// Since 2.30. Before that a wait by the monotonic clock is one of the same length by the clock of the condition variable.
HIDDEN int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                  const struct timespec* until) {
  typedef int (*Wait)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*);
  static Wait known;
  static int looked;
  if (!__atomic_load_n(&looked, __ATOMIC_ACQUIRE)) {
    known = (Wait)dlsym(RTLD_DEFAULT, "pthread_cond_clockwait");
    __atomic_store_n(&looked, 1, __ATOMIC_RELEASE);
  }
  if (known) return known(condition, mutex, clock, until);
  if (clock == CLOCK_REALTIME) return pthread_cond_timedwait(condition, mutex, until);
  struct timespec now, real;
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &real);
  real.tv_sec += until->tv_sec - now.tv_sec;
  real.tv_nsec += until->tv_nsec - now.tv_nsec;
  if (real.tv_nsec < 0) real.tv_nsec += 1000000000, real.tv_sec--;
  if (real.tv_nsec >= 1000000000) real.tv_nsec -= 1000000000, real.tv_sec++;
  return pthread_cond_timedwait(condition, mutex, &real);
}
#endif

// Since 2.32: libstdc++ counts references without atomics where there is one thread.
HIDDEN char __libc_single_threaded = 0;

// Since 2.36: libstdc++'s std::random_device.
HIDDEN unsigned arc4random(void) {
  unsigned value = 0;
  while (getrandom(&value, sizeof value, 0) != sizeof value) {
  }
  return value;
}
