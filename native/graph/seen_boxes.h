// The boxes of a frame, from the result of detect, track or identify.
#pragma once
#include <cstdint>
#include <vector>

#include "graph/observation.h"

namespace framepath::graph {

struct SeenBox {
  Box box;
  int64_t track = 0;       // 0: of a detector
  int32_t detection = -1;  // position among the detector's; -1: predicted, not detected there
};

// In the module's order; empty where the result has no boxes.
std::vector<SeenBox> boxesOf(const Observation& result);

}  // namespace framepath::graph
