// Keeps libav off the network, sees every file that it opens, and ends reading in time. For one source file a program:
// it defines functions of libc, which the libraries then call.
#pragma once
#include <netdb.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <string_view>

#include "core/clock.h"
#include "core/stop.h"
#include "fuzz.h"
#include "media/av.h"

namespace fuzz {

// While set, files that libav opens must lie below it; empty: anywhere.
inline std::string& jail() {
  static std::string path;
  return path;
}

// What the process itself reads: devices of the kernel, libraries and their settings.
inline bool ofTheSystem(std::string_view path) {
  for (const std::string_view prefix :
       {"/dev/urandom", "/dev/null", "/proc/", "/sys/", "/usr/", "/lib", "/etc/ssl/", "/etc/gnutls/", "/etc/localtime",
        "/etc/ld.so.cache", "anon_inode:", "pipe:", "socket:", "/memfd:"})
    if (path.starts_with(prefix)) return true;
  return false;
}

inline int checkedOpen(int file, const char* asked) {
  if (file < 0 || jail().empty()) return file;
  char path[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path, sizeof path);
  const std::string_view real(path, length < 0 ? 0 : static_cast<size_t>(length));
  if (!real.starts_with(jail()) && real != std::string_view(jail()).substr(0, jail().size() - 1) && !ofTheSystem(real))
    fault("opened " + std::string(real) + " (as " + asked + "), outside " + jail());
  return file;
}

// A source may wait for more (a live playlist): what it does ends soon after `stop` has passed.
class Deadline {
 public:
  explicit Deadline(int64_t ms) : stop(std::make_shared<Stop>()), atNs_(nowNs() + ms * 1'000'000) { stop->at(atNs_); }
  ~Deadline() {
    if (nowNs() - atNs_ > 10'000'000'000) fault("reading did not end within seconds of its stop");
  }
  const std::shared_ptr<Stop> stop;

 private:
  const int64_t atNs_;
};

// A damaged header can ask libav for gigabytes: no seed needs a picture of more than this.
inline void boundMemory() {
  av_max_alloc(size_t{192} << 20);
}

inline long answer(long result) {
  if (result >= 0 || result < -4095) return result;
  errno = static_cast<int>(-result);
  return -1;
}

// Past our own syscall() below.
inline long kernel(long number, long a, long b, long c, long d = 0, long e = 0, long f = 0) {
#if defined(__x86_64__)
  long result = number;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  register long sixth asm("r9") = f;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
               : "rcx", "r11", "memory");
  return answer(result);
#else
  return syscall(number, a, b, c, d, e, f);
#endif
}

inline int openHere(int folder, const char* path, int flags, int mode) {
  return checkedOpen(static_cast<int>(kernel(SYS_openat, folder, reinterpret_cast<long>(path), flags, mode)), path);
}

}  // namespace fuzz

// The libraries see them only where they are visible.
#pragma GCC visibility push(default)
extern "C" {
int socket(int, int, int) noexcept {
  errno = EACCES;
  return -1;
}
int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
  return EAI_FAIL;
}

int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
  va_end(rest);
  return fuzz::openHere(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) __attribute__((alias("openat")));
int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
  va_end(rest);
  return fuzz::openHere(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));

#if defined(__x86_64__)
// Reads six arguments, as libc does, also where fewer were given.
__attribute__((no_sanitize("address"))) long syscall(long number, ...) noexcept {
  long values[6];
  va_list rest;
  va_start(rest, number);
  for (long& value : values) value = va_arg(rest, long);
  va_end(rest);
  const long result = fuzz::kernel(number, values[0], values[1], values[2], values[3], values[4], values[5]);
  const bool opens = number == SYS_openat || number == SYS_openat2;
  return opens ? fuzz::checkedOpen(static_cast<int>(result), reinterpret_cast<const char*>(values[1])) : result;
}
#endif
}
#pragma GCC visibility pop
