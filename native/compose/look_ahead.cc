#include "compose/look_ahead.h"

#include <iterator>

#include "compose/hidden_boxes.h"

namespace framepath::compose {
namespace {

constexpr size_t kMostInPicture = 500, kMostInAll = 5000;

}  // namespace

// A face that is not found yet is one that goes missing when time runs backwards.
std::vector<Box> comingBoxes(const Box& picture, const FoundBoxes& now, std::span<const FoundBoxes> later,
                             int64_t reachUs) {
  size_t all = 0;
  for (const FoundBoxes& found : later) {
    const size_t count = found.boxes ? found.boxes->size() : 0;
    all += count;
    if (count > kMostInPicture || all > kMostInAll) return {picture};
  }
  HiddenBoxes backwards(reachUs);
  for (auto it = std::make_reverse_iterator(later.end()); it != std::make_reverse_iterator(later.begin()); ++it) {
    const int64_t laterUs = it->ptsUs - now.ptsUs;
    if (it->boxes && laterUs > 0 && laterUs <= reachUs) backwards.found(reachUs - laterUs, *it->boxes);
  }
  if (now.boxes)
    backwards.found(reachUs, *now.boxes);
  else
    backwards.noResult(reachUs);
  return backwards.missing();
}

}  // namespace framepath::compose
