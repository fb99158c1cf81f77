#include "media/host_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>

#include "core/error.h"

namespace framepath::media {
namespace {

struct Block4 {
  uint32_t base;
  int bits;
};
constexpr uint32_t ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}
constexpr Block4 kPrivate4[] = {
    {ip(0, 0, 0, 0), 8},        {ip(10, 0, 0, 0), 8},     {ip(100, 64, 0, 0), 10}, {ip(127, 0, 0, 0), 8},
    {ip(168, 63, 129, 16), 32},  // Azure's metadata
    {ip(169, 254, 0, 0), 16},   {ip(172, 16, 0, 0), 12},  {ip(192, 0, 0, 0), 24},  {ip(192, 0, 2, 0), 24},
    {ip(192, 88, 99, 0), 24},   {ip(192, 168, 0, 0), 16}, {ip(198, 18, 0, 0), 15}, {ip(198, 51, 100, 0), 24},
    {ip(203, 0, 113, 0), 24},   {ip(224, 0, 0, 0), 4},    {ip(240, 0, 0, 0), 4},
};

bool isPrivate4(uint32_t address) {
  return std::any_of(std::begin(kPrivate4), std::end(kPrivate4), [&](const Block4& block) {
    const uint32_t mask = ~uint32_t{0} << (32 - block.bits);
    return (address & mask) == block.base;
  });
}

using Bytes16 = std::array<uint8_t, 16>;

uint32_t embedded4(const Bytes16& b, size_t at) {
  return ip(b[at], b[at + 1], b[at + 2], b[at + 3]);
}

bool startsWith(const Bytes16& address, std::initializer_list<uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

bool isPrivate6(const Bytes16& a) {
  if (startsWith(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return isPrivate4(embedded4(a, 12));     // mapped
  if (startsWith(a, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return isPrivate4(embedded4(a, 12));  // NAT64
  if (startsWith(a, {0x20, 0x02})) return isPrivate4(embedded4(a, 2));                                    // 6to4
  if ((a[0] & 0xe0) != 0x20) return true;  // outside of 2000::/3: ::, ::1, fc00::/7, fe80::/10, ff00::/8, ...
  const bool special = a[0] == 0x20 && a[1] == 0x01 && a[2] < 2;  // 2001::/23, Teredo among them
  return special || startsWith(a, {0x20, 0x01, 0x0d, 0xb8}) || (a[0] == 0x3f && a[1] == 0xff && (a[2] & 0xf0) == 0);
}

Bytes16 bytesOf(const sockaddr_in6& address) {
  Bytes16 bytes;
  std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
  return bytes;
}

const sockaddr_in& v4(const sockaddr& address) {
  return reinterpret_cast<const sockaddr_in&>(address);
}
const sockaddr_in6& v6(const sockaddr& address) {
  return reinterpret_cast<const sockaddr_in6&>(address);
}

std::string normalName(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text.size() > 1 && text.back() == '.') text.pop_back();  // the root's dot
  return text;
}

// An address in the one way that addressText writes it; a name as it is.
std::string normal(const std::string& name) {
  sockaddr_in four{};
  sockaddr_in6 six{};
  four.sin_family = AF_INET;
  six.sin6_family = AF_INET6;
  if (inet_pton(AF_INET, name.c_str(), &four.sin_addr) == 1) return addressText(reinterpret_cast<sockaddr&>(four));
  if (inet_pton(AF_INET6, name.c_str(), &six.sin6_addr) == 1) return addressText(reinterpret_cast<sockaddr&>(six));
  return name;
}

[[noreturn]] void throwHost(const std::string& host) {
  throw Error(ErrorCode::INVALID_ARGUMENT, "Expected names or addresses for hosts but received \"" + host + "\".",
              "For example camera.example.com, *.example.com, 10.0.0.7:554 or [::1]:80.");
}

}  // namespace

std::string addressText(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.sa_family == AF_INET) {
    inet_ntop(AF_INET, &v4(address).sin_addr, text, sizeof text);
  } else if (address.sa_family == AF_INET6) {
    const Bytes16 bytes = bytesOf(v6(address));
    if (startsWith(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}))
      inet_ntop(AF_INET, bytes.data() + 12, text, sizeof text);  // the same host
    else
      inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

uint16_t portOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) return ntohs(v4(address).sin_port);
  return address.sa_family == AF_INET6 ? ntohs(v6(address).sin6_port) : 0;
}

bool isPrivate(const sockaddr& address) {
  if (address.sa_family == AF_INET) return isPrivate4(ntohl(v4(address).sin_addr.s_addr));
  return address.sa_family != AF_INET6 || isPrivate6(bytesOf(v6(address)));
}

HostPolicy::HostPolicy(const std::vector<std::string>& hosts, bool privateNetworks)
    : privateNetworks_(privateNetworks) {
  for (const std::string& given : hosts) {
    Host host;
    std::string name = normalName(given), port;
    if (name.starts_with('[')) {
      const size_t end = name.find(']');
      if (end == std::string::npos) throwHost(given);
      if (end + 1 < name.size() && name[end + 1] != ':') throwHost(given);
      if (end + 1 < name.size()) port = name.substr(end + 2);
      if (end + 1 < name.size() && port.empty()) throwHost(given);
      name = name.substr(1, end - 1);
    } else if (std::count(name.begin(), name.end(), ':') == 1) {
      port = name.substr(name.find(':') + 1);
      name.resize(name.find(':'));
      if (port.empty()) throwHost(given);
    }
    if (!port.empty()) {
      const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), host.port);
      if (error != std::errc() || end != port.data() + port.size() || host.port == 0) throwHost(given);
    }
    host.wildcard = name.starts_with("*.");
    host.name = host.wildcard ? name.substr(1) : normal(name);
    const auto allowed = [](unsigned char c) { return std::isalnum(c) || std::strchr(".:-_", c); };
    if (host.name.size() < (host.wildcard ? 2 : 1) || !std::all_of(host.name.begin(), host.name.end(), allowed))
      throwHost(given);
    hosts_.push_back(std::move(host));
  }
}

bool HostPolicy::allows(const sockaddr& address, const std::vector<std::string>& names) const {
  const bool open = !isPrivate(address);
  if (hosts_.empty()) return open || privateNetworks_;
  const std::string text = addressText(address);
  for (const Host& host : hosts_) {
    if (host.port != 0 && host.port != portOf(address)) continue;
    if (host.wildcard) {
      if (!open && !privateNetworks_) continue;
      for (const std::string& name : names)
        if (normalName(name).ends_with(host.name)) return true;
    } else if (host.name == text) {
      return true;
    } else {
      for (const std::string& name : names)
        if (normalName(name) == host.name) return true;
    }
  }
  return false;
}

}  // namespace framepath::media
