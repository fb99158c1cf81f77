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

}  // namespace fuzz

extern "C" {
int socket(int, int, int) {
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
  return fuzz::checkedOpen(static_cast<int>(syscall(SYS_openat, folder, path, flags, mode)), path);
}
int openat64(int folder, const char* path, int flags, ...) __attribute__((alias("openat")));
int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
  va_end(rest);
  return fuzz::checkedOpen(static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode)), path);
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));
}
