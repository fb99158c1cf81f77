#include "media/access.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "media/av.h"
#include "media/beneath.h"
#include "media/source_limits.h"

namespace framepath::media {
namespace {

// Protocols that fetch what their URL names, and nothing else. All others that libav has either open a URL inside their
// URL (concat, subfile, cache, async, tee, ...) or reach into this process or machine (pipe, fd, unix, bluray, ...):
// they are closed unless the caller lists them.
constexpr std::array<std::string_view, 30> kPlainProtocols = {
    "http",  "https", "httpproxy", "tls",    "tcp",    "udp",  "udplite", "rtp",    "srtp",    "rtmp",
    "rtmps", "rtmpt", "rtmpe",     "rtmpts", "rtmpte", "rtsp", "rtsps",   "satip",  "srt",     "rist",
    "data",  "ftp",   "sftp",      "mmsh",   "mmst",   "sctp", "smb",     "gopher", "gophers", "dtls"};

// Demuxers that open further files themselves, past AVFormatContext::io_open, or that run scripts: their files would
// be neither checked nor counted.
constexpr std::array<std::string_view, 10> kOpenersOfFiles = {
    "concat", "dash", "vobsub", "imf", "sdp", "webm_dash_manifest", "avisynth", "vapoursynth", "image2", "lavfi"};

template <typename List>
bool has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string quoted(const std::string& uri) {
  return "\"" + uri + "\"";
}

std::string schemeOf(const std::string& uri) {
  const size_t colon = uri.find(':');
  if (colon == std::string::npos || colon == 0) return {};
  std::string scheme = uri.substr(0, colon);
  const bool word = std::all_of(scheme.begin(), scheme.end(),
                                [](unsigned char c) { return std::isalnum(c) || std::strchr("+-.,_", c); });
  return word ? scheme : std::string();
}

// As libav sees it: of subfile,,start,0: it is subfile, of crypto+http: crypto.
std::string protocolOf(const std::string& uri) {
  const std::string scheme = schemeOf(uri);
  if (has(kPlainProtocols, scheme)) return scheme;
  if (const char* known = avio_find_protocol_name(uri.c_str()); known && std::strcmp(known, "file") != 0) return known;
  return scheme;
}

bool canonical(const std::string& path, std::string& out) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (!resolved) return false;
  out = resolved;
  std::free(resolved);
  return true;
}

[[noreturn]] void throwUnreachable(const std::string& path, int reason) {
  if (reason == ENOENT || reason == ENOTDIR)
    throw Error(ErrorCode::SOURCE_NOT_FOUND, "There is no file " + quoted(path) + ".", "Check the path.");
  if (reason == EACCES) throw Error(ErrorCode::SOURCE_UNREADABLE, "No permission to read " + quoted(path) + ".");
  if (reason == ENXIO) throw Error(ErrorCode::SOURCE_UNREADABLE, quoted(path) + " is not a regular file.");
  throw Error(ErrorCode::SOURCE_UNREADABLE, quoted(path) + " cannot be reached: " + std::strerror(reason) + ".");
}

Error outside(const std::string& uri) {
  return {ErrorCode::SOURCE_REFUSED, quoted(uri) + " lies outside the jail."};
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
  const bool known = (protocol && std::strcmp(protocol, "file") != 0) || has(kPlainProtocols, scheme) ||
                     uri.compare(scheme.size(), 3, "://") == 0;
  if (known) return std::nullopt;
  return uri;
}

Access::Access(const Limits& limits) : limits_(limits) {
  if (limits.jail.empty()) return;
  jailFolder_ = FileDescriptor(::open(limits.jail.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!jailFolder_ || !canonical(limits.jail, jail_))
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a folder for jail but received " + quoted(limits.jail) + ".");
  if (jail_.back() != '/') jail_ += '/';
}

Place Access::open(const std::string& uri, NamedBy by) const {
  if (uri.empty()) throw Error(ErrorCode::INVALID_ARGUMENT, "A source needs the name of a file or a URL.");
  if (uri.find('\0') != std::string::npos)
    throw Error(ErrorCode::INVALID_ARGUMENT, "The name of a source contains a NUL character.");
  if (const auto path = localPath(uri)) return openFile(uri, *path);

  std::string url = uri;
  const size_t scheme = schemeOf(uri).size();
  std::transform(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(scheme), url.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // A playlist's key, or a caller's who allows it: the URL inside is what counts.
  if (by == NamedBy::source || has(limits_.protocols, "crypto"))
    for (const std::string layer : {"crypto+", "crypto:"})
      if (url.rfind(layer, 0) == 0) return openLayer(layer, url.substr(layer.size()));

  const std::string protocol = protocolOf(url);
  if (!(by == NamedBy::source && protocol == "data")) requireAllowed(uri, protocol);
  Place place;
  place.url = url;
  place.remote = protocol != "data";
  return place;
}

void Access::requireAllowed(const std::string& uri, const std::string& protocol) const {
  const bool listed = has(limits_.protocols, protocol);
  if (!limits_.protocols.empty() && !listed)
    throw Error(ErrorCode::SOURCE_REFUSED,
                "The protocol of " + quoted(uri) + " is not among the allowed ones (" + join(limits_.protocols) + ").",
                "Add '" + protocol + "' to limits.protocols if the source may use it.");
  if (has(kPlainProtocols, protocol)) return;
  if (!jail_.empty()) throw Error(ErrorCode::SOURCE_REFUSED, quoted(uri) + " could reach files outside the jail.");
  // Unknown to libav too: it will have the better sentence.
  if (listed || !avio_find_protocol_name((protocol + ":").c_str())) return;
  throw Error(
      ErrorCode::SOURCE_REFUSED,
      "The protocol " + protocol + ": of " + quoted(uri) + " opens other things than its URL names, and is closed.",
      "Give the file or URL itself, or allow it with limits: { protocols: ['" + protocol + "', ...] }.");
}

Place Access::openLayer(const std::string& layer, const std::string& uri) const {
  Place place = open(uri, NamedBy::source);
  // libav opens what lies below the layer by a name: that of the file that was checked.
  if (place.file) place.url = "file:/proc/self/fd/" + std::to_string(place.file.get());
  place.url = layer + place.url;
  return place;
}

FileDescriptor Access::openPath(const std::string& uri, const std::string& path) const {
  if (jail_.empty()) return FileDescriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  std::string real;
  if (!canonical(path, real)) {
    const int reason = errno;
    // A refused path must not reveal whether something is there.
    const std::string folder = path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/') + 1);
    std::string realFolder;
    if (!canonical(folder, realFolder) || (realFolder + "/").rfind(jail_, 0) != 0) throw outside(uri);
    throwUnreachable(path, reason);
  }
  if (real.rfind(jail_, 0) != 0) throw outside(uri);
  // What is renamed or linked there from now on changes which file it is, not where it may lie.
  FileDescriptor file = openBeneath(jailFolder_.get(), real.substr(jail_.size()));
  if (!file && (errno == EXDEV || errno == ELOOP)) throw outside(uri);
  return file;
}

Place Access::openFile(const std::string& uri, const std::string& path) const {
  if (!limits_.protocols.empty() && !has(limits_.protocols, "file"))
    throw Error(ErrorCode::SOURCE_REFUSED, quoted(uri) +
                                               " is a local file, and file is not among the allowed protocols (" +
                                               join(limits_.protocols) + ").");
  Place place;
  place.file = openPath(uri, path);
  if (!place.file) throwUnreachable(path, errno);
  struct stat status {};
  if (fstat(place.file.get(), &status) != 0) throwUnreachable(path, errno);
  if (S_ISDIR(status.st_mode)) throw Error(ErrorCode::SOURCE_UNREADABLE, quoted(path) + " is a folder, not a file.");
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::SOURCE_UNREADABLE, quoted(path) + " is not a regular file.");
  if (status.st_size == 0) throw Error(ErrorCode::SOURCE_UNREADABLE, quoted(path) + " is empty.");
  requireBytes(path, status.st_size, limits_);
  place.bytes = status.st_size;
  return place;
}

std::string Access::protocolWhitelist() const {
  if (limits_.protocols.empty() && jail_.empty()) return {};
  std::vector<std::string> allowed = limits_.protocols;
  if (limits_.protocols.empty()) {
    allowed.assign(kPlainProtocols.begin(), kPlainProtocols.end());
    allowed.emplace_back("file");
  }
  // What a protocol is carried by must be allowed with it: libav asks the same list for the layers below.
  const auto carry = [&](std::string_view upper, std::initializer_list<std::string_view> lower) {
    if (!has(allowed, upper)) return;
    for (const std::string_view name : lower)
      if (!has(allowed, name)) allowed.emplace_back(name);
  };
  carry("https", {"tls", "tcp", "httpproxy"});
  carry("http", {"tcp", "httpproxy"});
  carry("rtmps", {"tls", "tcp"});
  carry("rtmp", {"tcp"});
  carry("rtsps", {"tls", "tcp"});
  carry("rtsp", {"tcp", "udp", "rtp"});
  carry("rtp", {"udp"});
  carry("srt", {"udp"});
  // Of playlists, around what is allowed itself; open() decides.
  for (const std::string_view own : {"crypto", "data"})
    if (!has(allowed, own)) allowed.emplace_back(own);
  return join(allowed);
}

std::string Access::formatWhitelist() const {
  if (jail_.empty() && limits_.protocols.empty() && limits_.maxBytes == 0 && limits_.privateNetworks &&
      limits_.hosts.empty())
    return {};
  std::string names;
  void* cursor = nullptr;
  while (const AVInputFormat* format = av_demuxer_iterate(&cursor)) {
    if (has(kOpenersOfFiles, format->name)) continue;
    names += (names.empty() ? "" : ",") + std::string(format->name);
  }
  return names;
}

}  // namespace framepath::media
