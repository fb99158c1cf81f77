#include "media/reader_launcher.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

extern "C" char** environ;

namespace framepath::media {
namespace {

bool isReader = false;  // set before there are threads

Error refused(const char* call) {
  return Error(
      ErrorCode::SOURCE_FAILED,
      std::string("No process can be started for an untrusted source: ") + call + ": " + std::strerror(errno) + ".",
      "Check the limits of processes and open files (ulimit -u, ulimit -n).");
}

FileDescriptor checked(int fd, const char* call) {
  if (fd < 0) throw refused(call);
  return FileDescriptor(fd);
}

struct Pair {
  Pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw refused("socketpair");
    ours = FileDescriptor(ends[0]);
    theirs = FileDescriptor(ends[1]);
  }
  FileDescriptor ours, theirs;
};

// Beside the file that holds this code: framepath-reader for framepath.node, framepath-reader.av59 for
// framepath.av59.node; the native tests' programs lie a folder above.
std::string programPath() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void*>(&launchReader), &info) || !info.dli_fname) return {};
  const std::string self = info.dli_fname;
  const size_t slash = self.rfind('/');
  const std::string folder = slash == std::string::npos ? "./" : self.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? self : self.substr(slash + 1);
  std::vector<std::string> candidates;
  if (name.starts_with("framepath") && name.ends_with(".node"))
    candidates = {folder + "framepath-reader" + name.substr(9, name.size() - 9 - 5)};
  else
    candidates = {folder + "Release/framepath-reader", folder + "framepath-reader"};
  for (const std::string& candidate : candidates)
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  throw Error(ErrorCode::ADDON_MISSING,
              "Untrusted sources are read by the program framepath-reader, which is not at " + candidates[0] +
                  " or may not be run.",
              "Install framepath again, or build it: node node_modules/framepath/scripts/build.mjs");
}

// The folder of the bundle of libav (scripts/bundle) that this process has loaded: nothing else leads a program to it.
// Empty: the libraries are the system's.
std::string bundleFolder() {
  std::string folder;
  dl_iterate_phdr(
      [](dl_phdr_info* library, size_t, void* found) {
        const std::string_view path = library->dlpi_name;
        const size_t slash = path.rfind('/');
        if (slash == path.npos || !path.substr(slash + 1).starts_with("libframepath-av.so")) return 0;
        *static_cast<std::string*>(found) = path.substr(0, slash);
        return 1;
      },
      &folder);
  return folder;
}

// Nothing but what finds libraries, certificates and the way to the network.
std::vector<std::string> environment() {
  std::vector<std::string> kept;
  std::string libraries = bundleFolder();
  for (const char* name : {"FRAMEPATH_ISA", "http_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "ASAN_OPTIONS",
                           "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) kept.push_back(std::string(name) + "=" + value);
  if (const char* value = std::getenv("LD_LIBRARY_PATH"))
    libraries += (libraries.empty() ? "" : ":") + std::string(value);
  if (!libraries.empty()) kept.push_back("LD_LIBRARY_PATH=" + libraries);
  return kept;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// The program that forks. It ends with its socket: with this process.
class Forker {
 public:
  bool started() const { return pid_ > 0; }

  // False: it is gone.
  bool ask(const int (&fds)[readerDescriptors + 1]) {
    if (!socket_) return false;
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    std::memcpy(CMSG_DATA(header), fds, sizeof fds);
    ssize_t sent;
    do {
      sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == 1;
  }

  void start() {
    end();
    const std::string path = programPath();
    Pair pair;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; fd++)
      posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pair.theirs.get(), kFirstReaderDescriptor);
    std::vector<std::string> arguments{path}, variables = environment();
    const int result =
        posix_spawn(&pid_, path.c_str(), &actions, nullptr, pointers(arguments).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    if (result != 0) {
      pid_ = -1;
      errno = result;
      throw refused("posix_spawn");
    }
    socket_ = std::move(pair.ours);
    const timeval patience{1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

 private:
  void end() {
    socket_ = FileDescriptor();
    // Only while its number is still its own. It may have been stopped.
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0) {
      kill(pid_, SIGKILL);
      while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    pid_ = -1;
  }

  FileDescriptor socket_;
  pid_t pid_ = -1;
};

struct Launching {
  std::mutex mutex;
  Forker forker;
};
// Never destroyed: threads may still launch while the process ends.
Launching& launching() {
  static auto* instance = new Launching;
  return *instance;
}

FileDescriptor memoryOf(size_t bytes, int seals) {
  FileDescriptor memory = checked(memfd_create("framepath-reader", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create");
  if (ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) throw refused("ftruncate");
  if (fcntl(memory.get(), F_ADD_SEALS, seals) != 0) throw refused("F_ADD_SEALS");
  return memory;
}

FileDescriptor memoryOf(std::span<const uint8_t> bytes) {
  FileDescriptor memory = checked(memfd_create("framepath-job", MFD_CLOEXEC), "memfd_create");
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = write(memory.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) throw refused("write");
    done += static_cast<size_t>(wrote);
  }
  return memory;
}

}  // namespace

bool needsReader(const Limits& limits) {
  return !isReader && (limits.isolated || !limits.hosts.empty() || !limits.privateNetworks);
}

void becomeReader() {
  isReader = true;
}

void prepareReaders() {
  Launching& shared = launching();
  std::lock_guard lock(shared.mutex);
  try {
    if (!shared.forker.started()) shared.forker.start();
  } catch (const Error&) {
    // launchReader() tries again, and reports why it failed
  }
}

LaunchedReader launchReader(std::span<const uint8_t> job, size_t memoryBytes) {
  Pair messages, life;
  LaunchedReader reader;
  reader.memory = memoryOf(memoryBytes, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  const FileDescriptor asked = memoryOf(job);
  const int fds[readerDescriptors + 1] = {messages.theirs.get(), reader.memory.get(), asked.get(), life.theirs.get()};
  Launching& shared = launching();
  {
    std::lock_guard lock(shared.mutex);
    if (!shared.forker.ask(fds)) {
      shared.forker.start();
      if (!shared.forker.ask(fds)) throw refused("sendmsg");
    }
  }
  reader.messages = std::move(messages.ours);
  reader.life = std::move(life.ours);
  return reader;
}

}  // namespace framepath::media
