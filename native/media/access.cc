#include "media/access.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "media/av.h"

namespace framepath::media {
namespace {

// Protocols that cannot reach a local file, whatever their URL says. Everything else that libav has (concat, subfile,
// cache, pipe, ...) opens what its URL names without asking us, so a jail leaves it out.
constexpr std::array<std::string_view, 20> kRemoteProtocols = {
    "http",  "https", "httpproxy", "tls",    "tcp",    "udp",  "udplite", "rtp", "srtp", "rtmp",
    "rtmps", "rtmpt", "rtmpe",     "rtmpts", "rtmpte", "rtsp", "rtsps",   "srt", "rist", "data"};

// Demuxers that open further files themselves, past AVFormatContext::io_open, or that run scripts.
constexpr std::array<std::string_view, 9> kOpenersOfFiles = {
    "concat", "vobsub", "imf", "sdp", "webm_dash_manifest", "avisynth", "vapoursynth", "image2", "lavfi"};

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string schemeOf(const std::string& uri) {
  const size_t colon = uri.find(':');
  if (colon == std::string::npos || colon == 0) return {};
  const std::string scheme = uri.substr(0, colon);
  const bool word = std::all_of(scheme.begin(), scheme.end(),
                                [](unsigned char c) { return std::isalnum(c) || std::strchr("+-.,_", c); });
  return word ? scheme : std::string();
}

bool canonical(const std::string& path, std::string& out) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (!resolved) return false;
  out = resolved;
  std::free(resolved);
  return true;
}

bool readable(const std::string& path) {
  return access(path.c_str(), R_OK) == 0;
}

}  // namespace

std::optional<std::string> localPath(const std::string& uri) {
  if (uri.rfind("file:", 0) == 0) {
    std::string path = uri.substr(5);
    if (path.rfind("//localhost/", 0) == 0) path.erase(0, 11);
    return path;
  }
  const std::string scheme = schemeOf(uri);
  if (scheme.empty()) return uri;
  // "take:2.mp4" is a file name unless libav knows a protocol of that name.
  const char* protocol = avio_find_protocol_name(uri.c_str());
  const bool known = (protocol && std::strcmp(protocol, "file") != 0) ||
                     std::find(kRemoteProtocols.begin(), kRemoteProtocols.end(), scheme) != kRemoteProtocols.end() ||
                     uri.compare(scheme.size(), 3, "://") == 0;
  if (known) return std::nullopt;
  return uri;
}

Access::Access(const Limits& limits) : maxBytes_(limits.maxBytes), protocols_(limits.protocols) {
  if (limits.jail.empty()) return;
  struct stat status {};
  if (!canonical(limits.jail, jail_) || stat(jail_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a folder for jail but received \"" + limits.jail + "\".");
  if (jail_.back() != '/') jail_ += '/';
}

std::string Access::resolve(const std::string& uri) const {
  if (uri.empty()) throw Error(ErrorCode::INVALID_ARGUMENT, "A source needs the name of a file or a URL.");
  if (const auto path = localPath(uri)) return resolveFile(uri, *path);

  // A decrypting layer around another URL: the inner one is what counts.
  for (const std::string_view layer : {"crypto+", "crypto:"})
    if (uri.rfind(layer, 0) == 0) return std::string(layer) + resolve(uri.substr(layer.size()));

  const std::string scheme = schemeOf(uri);
  if (!protocols_.empty() && std::find(protocols_.begin(), protocols_.end(), scheme) == protocols_.end())
    throw Error(ErrorCode::SOURCE_REFUSED,
                "The protocol of \"" + uri + "\" is not among the allowed ones (" + join(protocols_) + ").");
  if (!jail_.empty() && std::find(kRemoteProtocols.begin(), kRemoteProtocols.end(), scheme) == kRemoteProtocols.end())
    throw Error(ErrorCode::SOURCE_REFUSED, "\"" + uri + "\" could reach files outside the jail.");
  return uri;
}

std::string Access::resolveFile(const std::string& uri, const std::string& path) const {
  if (!protocols_.empty() && std::find(protocols_.begin(), protocols_.end(), "file") == protocols_.end())
    throw Error(
        ErrorCode::SOURCE_REFUSED,
        "\"" + uri + "\" is a local file, and file is not among the allowed protocols (" + join(protocols_) + ").");
  std::string real;
  if (!canonical(path, real)) {
    // A refused path must not tell whether something lies there.
    if (errno == ENOENT || errno == ENOTDIR) {
      if (!jail_.empty()) {
        const std::string folder = path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/') + 1);
        std::string realFolder;
        if (!canonical(folder, realFolder) || (realFolder + "/").rfind(jail_, 0) != 0)
          throw Error(ErrorCode::SOURCE_REFUSED, "\"" + uri + "\" lies outside the jail.");
      }
      throw Error(ErrorCode::SOURCE_NOT_FOUND, "There is no file \"" + path + "\".", "Check the path.");
    }
    throw Error(ErrorCode::SOURCE_UNREADABLE, "\"" + path + "\" cannot be reached: " + std::strerror(errno) + ".");
  }
  if (!jail_.empty() && real.rfind(jail_, 0) != 0)
    throw Error(ErrorCode::SOURCE_REFUSED, "\"" + uri + "\" lies outside the jail.");

  struct stat status {};
  if (stat(real.c_str(), &status) != 0)
    throw Error(ErrorCode::SOURCE_UNREADABLE, "\"" + path + "\" cannot be reached: " + std::strerror(errno) + ".");
  if (S_ISDIR(status.st_mode)) throw Error(ErrorCode::SOURCE_UNREADABLE, "\"" + path + "\" is a folder, not a file.");
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::SOURCE_UNREADABLE, "\"" + path + "\" is not a regular file.");
  if (!readable(real)) throw Error(ErrorCode::SOURCE_UNREADABLE, "No permission to read \"" + path + "\".");
  if (status.st_size == 0) throw Error(ErrorCode::SOURCE_UNREADABLE, "\"" + path + "\" is empty.");
  if (maxBytes_ > 0 && status.st_size > maxBytes_)
    throw Error(ErrorCode::SOURCE_TOO_LARGE, "\"" + path + "\" has " + std::to_string(status.st_size) +
                                                 " bytes; the limit is " + std::to_string(maxBytes_) + ".");
  return "file:" + real;
}

std::string Access::protocolWhitelist() const {
  if (protocols_.empty() && jail_.empty()) return {};
  std::vector<std::string> allowed = protocols_;
  if (protocols_.empty()) {
    allowed.assign(kRemoteProtocols.begin(), kRemoteProtocols.end());
    allowed.insert(allowed.end(), {"file", "crypto"});
  }
  // What a protocol is carried by must be allowed with it: libav asks the same list for the layers below.
  const auto has = [&](std::string_view name) {
    return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
  };
  const auto carry = [&](std::string_view upper, std::initializer_list<std::string_view> lower) {
    if (!has(upper)) return;
    for (const std::string_view name : lower)
      if (!has(name)) allowed.emplace_back(name);
  };
  carry("https", {"tls", "tcp", "httpproxy"});
  carry("http", {"tcp", "httpproxy"});
  carry("rtmps", {"tls", "tcp"});
  carry("rtmp", {"tcp"});
  carry("rtsps", {"tls", "tcp"});
  carry("rtsp", {"tcp", "udp", "rtp"});
  carry("rtp", {"udp"});
  carry("srt", {"udp"});
  return join(allowed);
}

std::string Access::formatWhitelist() const {
  if (jail_.empty()) return {};
  std::string names;
  void* cursor = nullptr;
  while (const AVInputFormat* format = av_demuxer_iterate(&cursor)) {
    if (std::find(kOpenersOfFiles.begin(), kOpenersOfFiles.end(), format->name) != kOpenersOfFiles.end()) continue;
    names += (names.empty() ? "" : ",") + std::string(format->name);
  }
  return names;
}

}  // namespace framepath::media
