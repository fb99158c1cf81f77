#include "compose/look_ahead.h"

#include <iterator>

#include "compose/hidden_boxes.h"

namespace framepath::compose {
namespace {

constexpr size_t kMostInPicture = 500, kMostInAll = 5000;

}  // namespace

// A face that is not found yet is one that goes missing when time runs backwards.
std::vector<Box> comingBoxes(const Box& picture, const FoundBoxes& shown, std::span<const FoundBoxes> later,
                             int64_t reachUs) {
  size_t all = 0;
  for (const FoundBoxes& found : later) {
    const size_t count = found.boxes ? found.boxes->size() : 0;
    all += count;
    if (count > kMostInPicture || all > kMostInAll) return {picture};
  }
  HiddenBoxes backwards(reachUs);
  for (auto it = std::make_reverse_iterator(later.end()); it != std::make_reverse_iterator(later.begin()); ++it) {
    const int64_t aheadUs = it->ptsUs - shown.ptsUs;
    if (it->boxes && aheadUs > 0 && aheadUs <= reachUs) backwards.found(reachUs - aheadUs, *it->boxes);
  }
  if (shown.boxes)
    backwards.found(reachUs, *shown.boxes);
  else
    backwards.noResult(reachUs);
  return backwards.missing();
}

}  // namespace framepath::compose
