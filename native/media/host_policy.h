// Which hosts a source may connect to.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace framepath::media {

// An address as written down, without brackets; "" = of no family that is known here.
std::string addressText(const sockaddr& address);
uint16_t portOf(const sockaddr& address);

// Not of the public internet: this host, private and shared networks, link-local ones (where clouds keep their
// metadata), multicast, what is reserved or for documentation, and IPv6 forms that carry such an IPv4 address
// (IANA's special-purpose registries; RFC 6890).
bool isPrivate(const sockaddr& address);

class HostPolicy {
 public:
  HostPolicy() = default;
  // `hosts`: names (camera.example.com), all names below one (*.example.com), addresses (10.0.0.7, ::1), each perhaps
  // with a port (10.0.0.7:554, [::1]:80). Throws INVALID_ARGUMENT.
  HostPolicy(const std::vector<std::string>& hosts, bool privateNetworks);

  // Whether `address` may be connected to; `names`: those that this process found it under. A name or an address that
  // is listed as it is may be private, one that only a wildcard covers may not: who owns the zone chooses its
  // addresses.
  bool allows(const sockaddr& address, const std::vector<std::string>& names) const;

 private:
  struct Host {
    std::string name;  // lower case; of a wildcard with its leading dot
    bool wildcard = false;
    uint16_t port = 0;  // 0 = every one
  };
  std::vector<Host> hosts_;
  bool privateNetworks_ = true;
};

}  // namespace framepath::media
