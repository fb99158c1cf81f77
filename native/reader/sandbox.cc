#include "reader/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/sanitized.h"

namespace framepath::reader {
namespace {

// Its own memory, beside the pictures it shares: tables, indexes, what decoders keep, and the pictures of those that
// insist on memory of their own (AV1: 100 MB each in 8K at 10 bits).
constexpr rlim_t kOwnBytes = rlim_t{2} << 30;
// Addresses: that, 2 GiB of pictures, libraries (0.2 GiB), and what threads reserve as stacks and heaps without using
// it.
constexpr rlim_t kAddresses = rlim_t{8} << 30;
constexpr rlim_t kDescriptors = 256;

void limit(int resource, rlim_t value) {
  rlimit now{};
  if (getrlimit(resource, &now) != 0) return;
  now.rlim_max = std::min(now.rlim_max, value);
  now.rlim_cur = std::min(now.rlim_cur, now.rlim_max);
  setrlimit(resource, &now);
}

void boundResources() {
  if (!kSanitized) {  // sanitizers map terabytes
    limit(RLIMIT_DATA, kOwnBytes);
    limit(RLIMIT_AS, kAddresses);
  }
  limit(RLIMIT_CORE, 0);
  signal(SIGXFSZ, SIG_IGN);
  limit(RLIMIT_FSIZE, 0);  // also of further memfds
  limit(RLIMIT_NOFILE, kDescriptors);
  limit(RLIMIT_MEMLOCK, 0);
}

// As in linux/landlock.h, which older systems do not have, or not with all of these.
struct Ruleset {
  uint64_t files, network, scoped;
};
struct __attribute__((packed)) Beneath {
  uint64_t allowed;
  int32_t folder;
};
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;  // the same on all architectures
constexpr uint64_t kReadFile = 1 << 2, kReadFolder = 1 << 3;
constexpr int kRuleBeneath = 1;

uint64_t fileRights(long abi) {
  return (uint64_t{1} << (abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13)) - 1;
}

bool allows(const media::Limits& limits, const char* protocol) {
  return std::find(limits.protocols.begin(), limits.protocols.end(), protocol) != limits.protocols.end();
}

bool filesOnly(const media::Limits& limits) {
  const auto local = [](const std::string& protocol) {
    return protocol == "file" || protocol == "crypto" || protocol == "data";
  };
  return !limits.protocols.empty() && std::all_of(limits.protocols.begin(), limits.protocols.end(), local);
}

void confine(const media::Limits& limits) {
  const long abi = syscall(kCreateRuleset, nullptr, 0, 1);
  if (abi < 1) return;
  Ruleset rules{fileRights(abi), 0, 0};
  if (abi >= 4 && filesOnly(limits)) rules.network = 3;  // TCP: binding and connecting
  if (abi >= 6) rules.scoped = 3;                        // abstract sockets and signals
  const size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  const auto ruleset = static_cast<int>(syscall(kCreateRuleset, &rules, size, 0));
  if (ruleset < 0) return;
  std::vector<std::string> readable;
  if (!limits.jail.empty())
    readable = {limits.jail};
  else if (limits.protocols.empty() || allows(limits, "file"))
    readable = {"/"};
  if (!filesOnly(limits)) {
    // Resolvers and certificates.
    readable.insert(readable.end(), {"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/dev/urandom"});
  }
  for (const std::string& folder : readable) {
    const int fd = open(folder.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) continue;                                                 // Access reports it when it is the jail
    for (const uint64_t rights : {kReadFile | kReadFolder, kReadFile}) {  // a file has the second only
      const Beneath beneath{rights, fd};
      if (syscall(kAddRule, ruleset, kRuleBeneath, &beneath, 0) == 0) break;
    }
    close(fd);
  }
  syscall(kRestrictSelf, ruleset, 0);
  close(ruleset);
}

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

constexpr sock_filter load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}
constexpr sock_filter answer(uint32_t what) {
  return BPF_STMT(BPF_RET | BPF_K, what);
}
constexpr sock_filter skipUnless(uint32_t value, uint8_t instructions) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, instructions);
}

// No other program, no further process, no tracing, no other process's memory. Threads are made by clone(), whose flags
// a filter can see; clone3() hides them, and libc uses clone() where it is missing.
void forbidCalls() {
  if (!kArchitecture) return;
  const uint32_t refused = SECCOMP_RET_ERRNO | EPERM, absent = SECCOMP_RET_ERRNO | ENOSYS;
  std::vector<sock_filter> code = {
      load(offsetof(seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS),  // calls of another architecture have other numbers
      load(offsetof(seccomp_data, nr))};
#if defined(__x86_64__)
  // x32's numbers name the same calls a second time.
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
  code.push_back(answer(absent));
#endif
  const auto forbid = [&](long call, uint32_t what) {
    code.push_back(skipUnless(static_cast<uint32_t>(call), 1));
    code.push_back(answer(what));
  };
  for (const long call : {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount,
                          SYS_unshare, SYS_setns, SYS_bpf, SYS_keyctl, SYS_add_key, SYS_request_key,
                          SYS_perf_event_open, SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_kexec_load})
    forbid(call, refused);
#if defined(SYS_fork)
  forbid(SYS_fork, refused);
  forbid(SYS_vfork, refused);
#endif
  for (const long call : {435L /* clone3 */, 425L /* io_uring_setup */}) forbid(call, absent);
  const auto threads = static_cast<uint32_t>(CLONE_THREAD);
  code.push_back(skipUnless(SYS_clone, 3));
  code.push_back(load(offsetof(seccomp_data, args)));  // the low half, on a little endian machine
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, threads, 1, 0));
  code.push_back(answer(refused));
  code.push_back(answer(SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

}  // namespace

void dropPrivileges(const media::Limits& limits) {
  boundResources();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
  confine(limits);
  forbidCalls();
}

}  // namespace framepath::reader
