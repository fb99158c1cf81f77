// Which bytes of a file were read, so that reading one again does not count again.
#pragma once
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace framepath::media {

class ByteRanges {
 public:
  // How many bytes of [from, to) are new.
  int64_t add(int64_t from, int64_t to) {
    if (to <= from) return 0;
    int64_t known = 0;
    auto at = ranges_.upper_bound(from);
    if (at != ranges_.begin() && std::prev(at)->second >= from) at = std::prev(at);
    const int64_t length = to - from;
    const int64_t askedFrom = from, askedTo = to;
    while (at != ranges_.end() && at->first <= to) {
      known += std::max<int64_t>(0, std::min(askedTo, at->second) - std::max(askedFrom, at->first));
      from = std::min(from, at->first);
      to = std::max(to, at->second);
      at = ranges_.erase(at);
    }
    // A file read in thousands of places: from then on everything counts.
    if (ranges_.size() < kMost) ranges_.emplace(from, to);
    return length - known;
  }

 private:
  static constexpr size_t kMost = 4096;
  std::map<int64_t, int64_t> ranges_;  // apart from each other
};

}  // namespace framepath::media
