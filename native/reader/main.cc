// framepath-reader: started by the addon once, forks itself for each untrusted source (media/reader_launcher.h). The
// process that forks has one thread and touches no media; each fork reads one source and ends with it.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/clock.h"
#include "media/reader_launcher.h"
#include "reader/session.h"

namespace framepath::reader {
namespace {

using media::kFirstReaderDescriptor;
using media::readerDescriptors;

constexpr int64_t kGraceNs = 500'000'000;  // for goodbyes to servers

struct Child {
  enum class State { reads, mayEnd, killed };
  pid_t pid;
  int life;
  State state = State::reads;
  int64_t killNs = 0;  // while it may end by itself
};

void closeFrom(int first) {
  if (syscall(436 /* close_range */, first, ~0U, 0) == 0) return;
  for (int fd = first; fd < 65536; fd++) close(fd);
}

// Four descriptors with each byte; the last is the life. False: the parent has ended.
bool receive(int control, int (&fds)[readerDescriptors + 1]) {
  char byte;
  iovec part{&byte, 1};
  alignas(cmsghdr) char buffer[CMSG_SPACE(sizeof fds)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = buffer;
  message.msg_controllen = sizeof buffer;
  std::fill(std::begin(fds), std::end(fds), -1);
  const ssize_t got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return errno == EINTR;
  if (got == 0) return false;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_len == CMSG_LEN(sizeof fds)) std::memcpy(fds, CMSG_DATA(header), sizeof fds);
  return true;
}

[[noreturn]] void read(const int (&fds)[readerDescriptors + 1], pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // Each to its place; first out of the way of one another.
  int moved[readerDescriptors];
  for (int i = 0; i < readerDescriptors; i++) moved[i] = fcntl(fds[i], F_DUPFD, kFirstReaderDescriptor + 64);
  for (int i = 0; i < readerDescriptors; i++) dup2(moved[i], kFirstReaderDescriptor + i);
  closeFrom(kFirstReaderDescriptor + readerDescriptors);
  prctl(PR_SET_NAME, "framepath-source");
  serve(kFirstReaderDescriptor + media::readerMessages, kFirstReaderDescriptor + media::readerMemory,
        kFirstReaderDescriptor + media::readerJob);
  _exit(0);
}

void reap(std::vector<Child>& children) {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto child = std::find_if(children.begin(), children.end(), [&](const Child& c) { return c.pid == pid; });
    if (child == children.end()) continue;
    send(child->life, &status, sizeof status, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(child->life);
    children.erase(child);
  }
}

int run() {
  closeFrom(kFirstReaderDescriptor + 1);
  if (chdir("/") != 0) return 1;  // each job names its folder
  setsid();                       // a terminal's Ctrl-C is for the program that started us
  const int control = kFirstReaderDescriptor;
  fcntl(control, F_SETFD, FD_CLOEXEC);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_SETMASK, &signals, nullptr);  // who started us may have had all of them blocked
  const int ended = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  const pid_t self = getpid();
  std::vector<Child> children;
  for (;;) {
    std::vector<pollfd> waits = {{control, POLLIN, 0}, {ended, POLLIN, 0}};
    int64_t waitNs = -1;
    for (const Child& child : children) {
      // A life that is closed stays readable: it is looked at until then only.
      waits.push_back({child.state == Child::State::reads ? child.life : -1, POLLIN, 0});
      if (child.state != Child::State::mayEnd) continue;
      const int64_t leftNs = std::max<int64_t>(0, child.killNs - nowNs());
      waitNs = waitNs < 0 ? leftNs : std::min(waitNs, leftNs);
    }
    const int waitMs = waitNs < 0 ? -1 : static_cast<int>(waitNs / 1'000'000 + 1);
    if (poll(waits.data(), waits.size(), waitMs) < 0) {
      if (errno == EINTR) continue;
      return 1;
    }
    for (size_t i = 0; i < children.size(); i++) {
      Child& child = children[i];
      if (waits[i + 2].revents) {
        child.state = Child::State::mayEnd;
        child.killNs = nowNs() + kGraceNs;
      } else if (child.state == Child::State::mayEnd && child.killNs <= nowNs()) {
        child.state = Child::State::killed;
        kill(child.pid, SIGKILL);
      }
    }
    signalfd_siginfo info;
    while (::read(ended, &info, sizeof info) > 0) {
    }
    reap(children);
    if (!waits[0].revents) continue;
    int fds[readerDescriptors + 1];
    if (!receive(control, fds)) return 0;  // those that read die with us
    if (fds[0] < 0) continue;
    const pid_t pid = fork();
    if (pid == 0) read(fds, self);
    const int life = fds[readerDescriptors];
    for (int i = 0; i < readerDescriptors; i++) close(fds[i]);
    if (pid > 0)
      children.push_back({pid, life});
    else
      close(life);  // no process: its parent sees the end at once
  }
}

}  // namespace
}  // namespace framepath::reader

int main() {
  return framepath::reader::run();
}
