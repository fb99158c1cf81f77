// What a source may open: the caller's limits, applied to the source itself and to every file or URL that it names in
// turn (playlists, manifests).
#pragma once
#include <optional>
#include <string>

#include "core/error.h"
#include "media/source_info.h"

namespace framepath::media {

class Access {
 public:
  // Throws INVALID_ARGUMENT when the jail is not a folder.
  explicit Access(const Limits& limits);

  // The URL to hand to libav for `uri`. Throws SOURCE_NOT_FOUND, SOURCE_UNREADABLE (a folder, a device, no permission,
  // empty), SOURCE_TOO_LARGE, SOURCE_REFUSED.
  std::string resolve(const std::string& uri) const;

  // For AVFormatContext; empty = libav's defaults.
  std::string protocolWhitelist() const;
  std::string formatWhitelist() const;

  int64_t maxBytes() const { return maxBytes_; }

 private:
  std::string resolveFile(const std::string& uri, const std::string& path) const;

  int64_t maxBytes_;
  std::string jail_;  // canonical, ends in '/'; empty = none
  std::vector<std::string> protocols_;
};

// The name of the file behind `uri`, when it is a local one.
std::optional<std::string> localPath(const std::string& uri);

}  // namespace framepath::media
