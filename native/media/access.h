// What a source may open: the caller's limits, applied to the source itself and to every file or URL that it names in
// turn (playlists, manifests). A path is resolved once: what was checked is the descriptor that is read.
#pragma once
#include <optional>
#include <string>

#include "core/error.h"
#include "media/file_descriptor.h"
#include "media/source_info.h"

namespace framepath::media {

// Where a source's bytes come from.
struct Place {
  FileDescriptor file;  // a regular, non-empty file, open for reading
  int64_t bytes = -1;   // of it
  std::string url;      // for libav to open, which may stand on `file`; empty: `file` is read
  bool remote = false;  // opening it makes a connection
};

// Who gives a URI: playlists may name things that a caller has to allow (a decrypting layer).
enum class NamedBy { caller, source };

class Access {
 public:
  // Throws INVALID_ARGUMENT when the jail is not a folder.
  explicit Access(const Limits& limits);

  // Throws SOURCE_NOT_FOUND, SOURCE_UNREADABLE (a folder, a device, no permission, empty), SOURCE_TOO_LARGE,
  // SOURCE_REFUSED, INVALID_ARGUMENT (not a name).
  Place open(const std::string& uri, NamedBy by = NamedBy::caller) const;

  // For AVFormatContext; empty = libav's defaults for the kind of source.
  std::string protocolWhitelist() const;
  std::string formatWhitelist() const;

  const Limits& limits() const { return limits_; }

 private:
  Place openFile(const std::string& uri, const std::string& path) const;
  Place openLayer(const std::string& layer, const std::string& uri) const;
  void requireAllowed(const std::string& uri, const std::string& protocol) const;
  FileDescriptor openPath(const std::string& uri, const std::string& path) const;

  Limits limits_;
  std::string jail_;  // canonical, ends in '/'; empty = none
  FileDescriptor jailFolder_;
};

// The name of the file behind `uri`, when it is a local one.
std::optional<std::string> localPath(const std::string& uri);

}  // namespace framepath::media
