// HLS playlists, checked before libav's parser sees them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace framepath::media {

constexpr size_t kMaxPlaylistBytes = 32 << 20;  // a day of segments of two seconds with signed URLs has a third of it

struct PlaylistFacts {
  bool master = false;  // names playlists, not segments
  int64_t segments = 0;
  bool sampleAes = false;  // its segments are encrypted sample by sample
};

// Of one playlist, whose name is for sentences. Throws SOURCE_UNREADABLE for what RFC 8216 forbids and libav's parser
// does not survive or does arithmetic on: master and media tags in one playlist (4.3.2: clients MUST fail to parse it),
// numbers out of range, lines and lists longer than anybody needs. EXT-X-START is taken out of the text: libav does not
// use it, but reads a master that has one a second time, as a list of segments.
PlaylistFacts checkPlaylist(const std::string& name, std::string& text);

// The playlists of one source: what the first names, and what is loaded again while it is live.
class Playlists {
 public:
  enum class Verdict { good, empty };
  // As checkPlaylist. Throws SOURCE_UNREADABLE also for masters inside of playlists, and for an encryption that changes
  // from one load to the next. `empty`: it has no segments yet, and libav must take it as missing.
  Verdict admit(const std::string& url, std::string& text);

 private:
  bool first_ = true;
  std::set<std::string> loaded_, sampleAes_;
};

}  // namespace framepath::media
