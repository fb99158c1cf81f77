#include "media/network_guard.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "media/host_policy.h"
#include "media/network_refusal.h"

namespace framepath::media {
namespace {

constexpr size_t kNamesKept = 4096;  // a source that resolves more has forgotten its first

struct Guard {
  std::atomic<bool> on{false};
  std::atomic<bool> closed{false};  // not everything is allowed
  std::mutex mutex;
  HostPolicy policy;
  std::deque<std::pair<std::string, std::string>> names;  // address, name; the latest first
  std::string refusedAddress, refusedName;
  bool refused = false;
};
Guard& guard() {
  static Guard& one = *new Guard;  // threads of libraries may connect while the process exits
  return one;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

std::vector<std::string> namesOf(const Guard& g, const std::string& address) {
  std::vector<std::string> names;
  for (const auto& [known, name] : g.names)
    if (known == address) names.push_back(name);
  return names;
}

std::string withPort(const sockaddr& address) {
  const std::string text = addressText(address);
  return (text.find(':') == std::string::npos ? text : "[" + text + "]") + ":" + std::to_string(portOf(address));
}

// Nobody may connect to a source that only connects (tcp://...?listen).
bool mayListen() {
  Guard& g = guard();
  if (!g.on || !g.closed) return true;
  std::lock_guard lock(g.mutex);
  g.refused = true;
  g.refusedName.clear();
  g.refusedAddress = "whoever connects here";
  errno = EACCES;
  return false;
}

// Whether it may be connected to; if not, errno is what a firewall would answer.
bool admitted(const sockaddr* address) {
  Guard& g = guard();
  if (!g.on || !address || address->sa_family == AF_UNSPEC) return true;
  std::lock_guard lock(g.mutex);
  const std::vector<std::string> names = namesOf(g, addressText(*address));
  const bool internet = address->sa_family == AF_INET || address->sa_family == AF_INET6;
  if (internet && g.policy.allows(*address, names)) {
    // One of a host's addresses was refused, another one was not.
    if (std::find(names.begin(), names.end(), g.refusedName) != names.end()) g.refused = false;
    return true;
  }
  g.refused = true;
  g.refusedName = names.empty() ? std::string() : names.front();
  g.refusedAddress = internet ? withPort(*address) : "a socket of another kind";
  errno = EACCES;
  return false;
}

void remember(const char* name, const addrinfo* found) {
  Guard& g = guard();
  if (!g.on || !name) return;
  std::lock_guard lock(g.mutex);
  for (; found; found = found->ai_next) {
    if (!found->ai_addr) continue;
    std::pair<std::string, std::string> one(addressText(*found->ai_addr), name);
    if (one.first == one.second) continue;
    std::erase(g.names, one);
    g.names.push_front(std::move(one));
  }
  if (g.names.size() > kNamesKept) g.names.resize(kNamesKept);
}

std::string lastRefusal() {
  Guard& g = guard();
  std::lock_guard lock(g.mutex);
  if (!std::exchange(g.refused, false)) return {};
  const std::string host = g.refusedName.empty() ? std::string() : g.refusedName + ", ";
  return "connecting to " + host + g.refusedAddress + " is not allowed.";
}

}  // namespace

void installNetworkGuard(const Limits& limits) {
  Guard& g = guard();
  {
    std::lock_guard lock(g.mutex);
    g.policy = HostPolicy(limits.hosts, limits.privateNetworks);
  }
  g.closed = !limits.hosts.empty() || !limits.privateNetworks;
  if (g.closed)
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
      unsetenv(name);
  setNetworkRefusal(lastRefusal);
  g.on = true;
}

}  // namespace framepath::media

// What libav and the libraries below it call. The C library's own calls (name servers) do not come through here.
namespace guard = framepath::media;
#define FRAMEPATH_GUARDED extern "C" __attribute__((visibility("default")))

FRAMEPATH_GUARDED int connect(int socket, const sockaddr* address, socklen_t length) {
  static const auto real = guard::next<int(int, const sockaddr*, socklen_t)>("connect");
  return guard::admitted(address) ? real(socket, address, length) : -1;
}

FRAMEPATH_GUARDED ssize_t sendto(int socket, const void* data, size_t size, int flags, const sockaddr* address,
                                 socklen_t length) {
  static const auto real = guard::next<ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t)>("sendto");
  return guard::admitted(address) ? real(socket, data, size, flags, address, length) : -1;
}

FRAMEPATH_GUARDED ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static const auto real = guard::next<ssize_t(int, const msghdr*, int)>("sendmsg");
  return guard::admitted(static_cast<const sockaddr*>(message->msg_name)) ? real(socket, message, flags) : -1;
}

FRAMEPATH_GUARDED int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  static const auto real = guard::next<int(int, mmsghdr*, unsigned, int)>("sendmmsg");
  for (unsigned i = 0; i < count; i++)
    if (!guard::admitted(static_cast<const sockaddr*>(messages[i].msg_hdr.msg_name))) return -1;
  return real(socket, messages, count, flags);
}

FRAMEPATH_GUARDED int listen(int socket, int backlog) {
  static const auto real = guard::next<int(int, int)>("listen");
  return guard::mayListen() ? real(socket, backlog) : -1;
}

FRAMEPATH_GUARDED int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real = guard::next<int(const char*, const char*, const addrinfo*, addrinfo**)>("getaddrinfo");
  const int result = real(node, service, hints, found);
  if (result == 0 && found) guard::remember(node, *found);
  return result;
}
