// One frame's trip through the graph.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "graph/admission.h"
#include "graph/observation.h"

namespace framepath::graph {

inline constexpr int32_t kSubmitted = -1;  // source of a single picture: unordered

struct Stamps {
  int64_t readyNs = 0, startNs = 0, doneNs = 0;  // startNs: a worker was given it; 0: none was needed
  int32_t worker = 0, batch = 1;
};

// Bookkeeping fields belong to the engine's lock. A worker reads the frame and the observations its module depends on;
// both stay as they are until the module has a result.
struct Task {
  int64_t id = 0;
  int32_t source = 0;
  int64_t seq = 0;  // gapless per source
  int64_t index = 0;
  int64_t ptsUs = 0;
  int64_t durationUs = 0;
  int32_t width = 0, height = 0;
  int64_t enteredNs = 0;   // when its frame was read
  int64_t completeNs = 0;  // when the last result that is delivered came
  Stamps decode;           // waiting for room, then reading and decoding

  LeaseRef lease;  // null once the last pixel reader has a result
  std::vector<Observation> observations;
  std::vector<Stamps> stamps;

  std::vector<int32_t> waitingFor;  // per module: dependencies without a result
  int32_t pendingModules = 0;       // without a result
  int32_t pendingResults = 0;       // the same, of modules whose results are delivered
  int32_t pixelReaders = 0;
  // Submitted pictures: called once; `error` instead of a result.
  std::function<void(const std::shared_ptr<Task>&)> finished;
  std::optional<Error> error;

  const FrameRef& frame() const { return lease->frame(); }
};

using TaskRef = std::shared_ptr<Task>;

}  // namespace framepath::graph
