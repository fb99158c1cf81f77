#include "media/playlist.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace framepath::media {
namespace {

constexpr size_t kMaxLine = 4000;  // libav cuts at 4096, also what it makes of a relative URL
constexpr int64_t kMaxSegments = 250'000;
constexpr int32_t kMaxPlaylists = 256;  // libav opens each of them, and keeps a demuxer for it
constexpr double kMaxSeconds = 1e9;     // of all segments together; in microseconds it still fits
constexpr int64_t kMaxNumber = int64_t{1} << 62;

class Checker {
 public:
  Checker(const std::string& name, std::string& text) : name_(name), text_(text) {}

  PlaylistFacts check() {
    if (text_.find('\0') != std::string::npos) fail("contains a NUL character");
    for (size_t from = 0; from < text_.size();) {
      size_t to = text_.find_first_of("\r\n", from);
      if (to == std::string::npos) to = text_.size();
      line_++;
      read(from, std::string_view(text_).substr(from, to - from));
      from = to + (text_.compare(to, 2, "\r\n") == 0 ? 2 : 1);
    }
    if (facts_.master && media_) fail("names both playlists and segments");
    if (facts_.sampleAes && plainSegments_) fail("has segments with and without SAMPLE-AES");
    return facts_;
  }

 private:
  // Tags are taken as libav takes them: by their beginning, at the beginning of the line.
  void read(size_t at, std::string_view line) {
    const auto tag = [&](std::string_view name) {
      if (!line.starts_with(name)) return false;
      value_ = line.substr(name.size());
      if (line.size() > kMaxLine) fail("has a line of " + std::to_string(line.size()) + " bytes");
      return true;
    };
    if (tag("#EXT-X-STREAM-INF:") || tag("#EXT-X-MEDIA:")) {
      facts_.master = true;
      if (++playlists_ > kMaxPlaylists) fail("names more than " + std::to_string(kMaxPlaylists) + " playlists");
    } else if (tag("#EXTINF:")) {
      media_ = true;
      nextIsSegment_ = true;
      const double seconds = std::strtod(std::string(value_.substr(0, 64)).c_str(), nullptr);
      if (!(seconds <= kMaxSeconds) || (seconds_ += std::max(0.0, seconds)) > kMaxSeconds)
        fail("has a duration out of range");
    } else if (tag("#EXT-X-TARGETDURATION:")) {
      media_ = true;
      number(value_, static_cast<int64_t>(kMaxSeconds));
    } else if (tag("#EXT-X-MEDIA-SEQUENCE:")) {
      media_ = true;
      number(value_, kMaxNumber);
    } else if (tag("#EXT-X-PLAYLIST-TYPE:")) {
      media_ = true;
    } else if (tag("#EXT-X-MAP:")) {
      media_ = true;
      if (const size_t range = value_.find("BYTERANGE=\""); range != std::string_view::npos)
        byteRange(value_.substr(range + 11, value_.find('"', range + 11) - range - 11));
    } else if (tag("#EXT-X-BYTERANGE:")) {
      media_ = true;
      byteRange(value_);
    } else if (tag("#EXT-X-KEY:")) {
      key_ = value_.find("METHOD=SAMPLE-AES") != std::string_view::npos;
    } else if (tag("#EXT-X-START:")) {
      if (const size_t offset = value_.find("TIME-OFFSET="); offset != std::string_view::npos) {
        const double seconds = std::strtod(std::string(value_.substr(offset + 12, 64)).c_str(), nullptr);
        if (!(std::abs(seconds) <= kMaxSeconds)) fail("has a start out of range");
      }
      text_[at + 5] = '_';  // no tag any more: players need not begin there, ours begins at `start`
    } else if (!line.empty() && line.front() != '#') {
      if (line.size() > kMaxLine) fail("has a URL of " + std::to_string(line.size()) + " bytes");
      if (!nextIsSegment_) return;
      nextIsSegment_ = false;
      (key_ ? facts_.sampleAes : plainSegments_) = true;
      if (++facts_.segments > kMaxSegments) fail("has more than " + std::to_string(kMaxSegments) + " segments");
    }
  }

  void number(std::string_view text, int64_t most) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    if (text.starts_with('-')) fail("has a number out of range");
    int64_t value = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') break;
      const int64_t digit = c - '0';
      if (value > (most - digit) / 10) fail("has a number out of range");
      value = value * 10 + digit;
    }
  }

  // LENGTH or LENGTH@FROM
  void byteRange(std::string_view text) {
    number(text, kMaxNumber / 2);
    if (const size_t at = text.find('@'); at != std::string_view::npos) number(text.substr(at + 1), kMaxNumber / 2);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::SOURCE_UNREADABLE,
                "The playlist \"" + name_ + "\" " + what + " (line " + std::to_string(line_) + ").",
                "Check it against RFC 8216.");
  }

  const std::string& name_;
  std::string& text_;
  PlaylistFacts facts_;
  std::string_view value_;
  int64_t line_ = 0;
  int32_t playlists_ = 0;
  double seconds_ = 0;
  bool media_ = false, nextIsSegment_ = false, key_ = false, plainSegments_ = false;
};

}  // namespace

PlaylistFacts checkPlaylist(const std::string& name, std::string& text) {
  return Checker(name, text).check();
}

Playlists::Verdict Playlists::admit(const std::string& url, std::string& text) {
  const PlaylistFacts facts = checkPlaylist(url, text);
  const bool first = std::exchange(first_, false);
  if (facts.master) {
    if (first) return Verdict::good;
    throw Error(ErrorCode::SOURCE_UNREADABLE,
                "The playlist \"" + url + "\", which another one names, names playlists itself.",
                "A master playlist names playlists of segments (RFC 8216, 4.3.4).");
  }
  const bool again = !loaded_.insert(url).second;
  if (again && sampleAes_.contains(url) != facts.sampleAes && facts.segments > 0)
    throw Error(ErrorCode::SOURCE_UNREADABLE, "The playlist \"" + url + "\" changed between SAMPLE-AES and none.");
  if (facts.sampleAes) sampleAes_.insert(url);
  return first || again || facts.segments > 0 ? Verdict::good : Verdict::empty;
}

}  // namespace framepath::media
