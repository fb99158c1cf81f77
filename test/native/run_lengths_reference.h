// COCO's compressed run lengths, read as maskApi.c does (rleFrString): a reference.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace support {

// Pixels column by column: without the object, with it, without, ...
inline std::vector<int64_t> runsOf(const std::string& text) {
  std::vector<int64_t> runs;
  for (size_t at = 0; at < text.size();) {
    int64_t value = 0;
    for (int shift = 0;; shift += 5) {
      const int64_t character = text[at++] - 48;
      value |= (character & 0x1f) << shift;
      if (character & 0x20) continue;
      if (character & 0x10) value |= -1LL * (1LL << (shift + 5));
      break;
    }
    runs.push_back(runs.size() > 2 ? value + runs[runs.size() - 2] : value);  // from the fourth on: differences
  }
  return runs;
}

}  // namespace support
