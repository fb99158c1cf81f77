// Redaction before a face is first found: boxes of pictures to come, moved back to the current picture.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/results.h"

namespace framepath::compose {

// What the redacted module found in a picture; null: it has no result.
struct FoundBoxes {
  int64_t ptsUs = 0;
  const std::vector<Box>* boxes = nullptr;
};

// Where the boxes of `later` (oldest first) are expected in the picture of `now`, as far as they were not found in it:
// moved back as they move from there on and grown with the time between. Nothing later than `reachUs` after it counts.
// All of `picture` where more are found than can be followed in time.
std::vector<Box> comingBoxes(const Box& picture, const FoundBoxes& now, std::span<const FoundBoxes> later,
                             int64_t reachUs);

}  // namespace framepath::compose
