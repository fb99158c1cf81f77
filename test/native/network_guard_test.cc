// Who may be connected to, whatever names it: checked where the connection is made.
#include "media/network_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "http_server.h"
#include "media/host_policy.h"

using namespace framepath;
using namespace framepath::media;
using http::file;
using http::redirect;
using http::Server;

namespace {

Limits only(std::vector<std::string> hosts, bool privateNetworks = false) {
  Limits limits;
  limits.hosts = std::move(hosts);
  limits.privateNetworks = privateNetworks;
  installNetworkGuard(limits);
  return limits;
}

const clips::Bytes& clip() {
  static const clips::Bytes bytes = clips::readFile(
      clips::make("clip.ts", clips::moving("64x48", 25, 10) + "-c:v libx264 -preset ultrafast -f mpegts"));
  return bytes;
}

std::string refusal(const std::string& uri, const Limits& limits) {
  try {
    probe(uri, limits);
  } catch (const Error& error) {
    return std::string(errorCodeName(error.code)) + ": " + error.sentence;
  }
  return "opened";
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool isPrivateText(const std::string& text) {
  sockaddr_in four{};
  sockaddr_in6 six{};
  four.sin_family = AF_INET;
  six.sin6_family = AF_INET6;
  if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) return isPrivate(reinterpret_cast<sockaddr&>(four));
  if (inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) != 1) throw std::runtime_error(text);
  return isPrivate(reinterpret_cast<sockaddr&>(six));
}

}  // namespace

TEST(addresses_are_private_or_public) {
  for (const char* text :
       {"0.0.0.0",          "10.1.2.3",        "100.64.0.1",      "100.100.100.200", "127.0.0.1",   "127.255.255.255",
        "169.254.169.254",  "168.63.129.16",   "172.16.0.1",      "172.31.255.255",  "192.168.1.1", "192.0.0.192",
        "198.18.0.1",       "224.0.0.1",       "239.255.255.250", "255.255.255.255", "::",          "::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",  "2002:7f00:1::",   "2001::1",     "2001:db8::1",
        "fc00::1",          "fd00:ec2::254",   "fe80::1",         "ff02::1"})
    if (!isPrivateText(text)) check::fail(__FILE__, __LINE__, text);
  for (const char* text : {"1.1.1.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111",
                           "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::", "2001:4860:4860::8888"})
    if (isPrivateText(text)) check::fail(__FILE__, __LINE__, text);
}

TEST(hosts_are_names_and_addresses) {
  for (const char* wrong : {"", "http://a", "a b", "a:0", "a:", "a:70000", "[::1", "[::1]x", "*", "*.", "a/b", "*.a*"})
    CHECK_ERROR(HostPolicy({wrong}, true), INVALID_ARGUMENT);
  sockaddr_in open{}, inner{};
  open.sin_family = inner.sin_family = AF_INET;
  open.sin_addr.s_addr = inet_addr("1.2.3.4");
  inner.sin_addr.s_addr = inet_addr("10.0.0.7");
  open.sin_port = inner.sin_port = htons(554);
  const auto allows = [](const HostPolicy& policy, const sockaddr_in& address, std::vector<std::string> names) {
    return policy.allows(reinterpret_cast<const sockaddr&>(address), names);
  };
  CHECK(allows(HostPolicy({}, true), inner, {}));
  CHECK(!allows(HostPolicy({}, false), inner, {}));
  CHECK(allows(HostPolicy({}, false), open, {}));
  CHECK(allows(HostPolicy({"10.0.0.7"}, false), inner, {}));
  CHECK(allows(HostPolicy({"10.0.0.7:554"}, false), inner, {}));
  CHECK(!allows(HostPolicy({"10.0.0.7:80"}, false), inner, {}));
  CHECK(!allows(HostPolicy({"10.0.0.7"}, true), open, {}));
  CHECK(allows(HostPolicy({"Camera.example.com"}, false), inner, {"camera.EXAMPLE.com."}));
  CHECK(!allows(HostPolicy({"example.com"}, false), open, {"camera.example.com"}));
  CHECK(allows(HostPolicy({"*.example.com"}, false), open, {"camera.example.com"}));
  CHECK(!allows(HostPolicy({"*.example.com"}, false), open, {"example.com"}));
  CHECK(!allows(HostPolicy({"*.example.com"}, false), open, {"badexample.com"}));
  // Whoever owns the zone may point a name at the private network.
  CHECK(!allows(HostPolicy({"*.example.com"}, false), inner, {"camera.example.com"}));
}

TEST(a_listed_host_is_read) {
  Server server;
  server.pages["/clip.ts"] = file("video/mp2t", clip());
  CHECK_EQUAL(probe(server.url("/clip.ts"), only({server.host()})).width, 64);
  CHECK_EQUAL(probe(server.url("/clip.ts", "localhost"), only({server.host("localhost")})).width, 64);
  CHECK_EQUAL(probe(server.url("/clip.ts"), only({}, true)).width, 64);
}

TEST(private_addresses_are_refused_in_every_form) {
  Server server;
  server.pages["/clip.ts"] = file("video/mp2t", clip());
  const Limits limits = only({});
  for (const char* host : {"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0",
                           "[::1]", "[::ffff:127.0.0.1]", "[::]"}) {
    const std::string answer = refusal(server.url("/clip.ts", host), limits);
    if (!answer.starts_with("SOURCE_REFUSED: ")) check::fail(host, __LINE__, answer);
  }
  const std::string named = refusal(server.url("/clip.ts", "localhost"), limits);
  if (!contains(named, "localhost, 127.0.0.1:") && !contains(named, "localhost, [::1]:"))
    check::fail(__FILE__, __LINE__, named);
  CHECK_EQUAL(server.requests.load(), 0);
  CHECK_ERROR(probe("rtsp://127.0.0.1:" + std::to_string(server.port) + "/a", limits), SOURCE_REFUSED);
  CHECK_EQUAL(server.requests.load(), 0);
}

TEST(redirects_are_checked_again) {
  Server inner, outer;
  inner.pages["/clip.ts"] = file("video/mp2t", clip());
  outer.pages["/clip.ts"] = redirect(inner.url("/clip.ts"));
  CHECK_EQUAL(probe(outer.url("/clip.ts"), only({outer.host(), inner.host()})).width, 64);
  const int before = inner.requests;
  const std::string answer = refusal(outer.url("/clip.ts"), only({outer.host()}));
  CHECK(contains(answer, "SOURCE_REFUSED") && contains(answer, inner.host()));
  CHECK_EQUAL(inner.requests.load(), before);
}

TEST(what_a_playlist_names_is_checked_again) {
  Server inner, outer;
  inner.pages["/clip.ts"] = file("video/mp2t", clip());
  const std::string list =
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.4,\n" + inner.url("/clip.ts") + "\n#EXT-X-ENDLIST\n";
  outer.pages["/a.m3u8"] = file("application/vnd.apple.mpegurl", clips::Bytes(list.begin(), list.end()));
  CHECK_EQUAL(probe(outer.url("/a.m3u8"), only({outer.host(), inner.host()})).width, 64);
  const int before = inner.requests;
  CHECK(contains(refusal(outer.url("/a.m3u8"), only({outer.host()})), "SOURCE_REFUSED"));
  CHECK_EQUAL(inner.requests.load(), before);
}

TEST(nobody_may_connect_to_a_source_that_is_limited) {
  const std::string free = Server().host();
  CHECK_ERROR(probe("tcp://" + free + "?listen&listen_timeout=2000", only({})), SOURCE_REFUSED);
}

TEST(datagrams_are_checked_too) {
  only({});
  const int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = inet_addr("10.0.0.1");
  CHECK_EQUAL(sendto(udp, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address), -1);
  CHECK_EQUAL(errno, EACCES);
  iovec data{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  CHECK_EQUAL(sendmsg(udp, &message, 0), -1);
  CHECK_EQUAL(errno, EACCES);
  close(udp);
}
TEST_MAIN()
