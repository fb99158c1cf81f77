#include "media/beneath.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

namespace framepath::media {
namespace {

constexpr int kReading = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
constexpr int kAttempts = 20;  // the kernel fails when a folder above ".." moves meanwhile

FileDescriptor openInSteps(int folder, const std::string& path) {
  FileDescriptor opened;
  int at = folder;
  for (size_t from = 0;;) {
    const size_t slash = path.find('/', from);
    const std::string name = path.substr(from, slash == std::string::npos ? slash : slash - from);
    if (name == "..") {
      errno = EXDEV;
      return {};
    }
    const bool last = slash == std::string::npos;
    const int flags = last ? kReading : O_PATH | O_DIRECTORY | O_CLOEXEC;
    FileDescriptor next(::openat(at, name.empty() ? "." : name.c_str(), flags | O_NOFOLLOW));
    if (!next || last) return next;
    opened = std::move(next);
    at = opened.get();
    from = slash + 1;
  }
}

}  // namespace

FileDescriptor openBeneath(int folder, const std::string& path, Resolution resolution) {
#ifdef SYS_openat2
  if (resolution == Resolution::kernel) {
    open_how how{};
    how.flags = kReading;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    for (int attempt = 0; attempt < kAttempts; attempt++) {
      FileDescriptor file(static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
      if (file || (errno != EAGAIN && errno != ENOSYS && errno != EPERM)) return file;
      if (errno != EAGAIN) break;
    }
  }
#else
  static_cast<void>(resolution);
#endif
  return openInSteps(folder, path);
}

}  // namespace framepath::media
