#include "track/tracker.h"

#include <cmath>

#include "core/error.h"
#include "track/byte_tracker.h"
#include "track/standard_tracker.h"

namespace framepath::track {

namespace {

void require(bool holds, const char* sentence) {
  if (!holds) throw Error(ErrorCode::INVALID_ARGUMENT, sentence, "see the options of track()");
}

}  // namespace

std::unique_ptr<Tracker> makeTracker(const TrackerOptions& options) {
  require(std::isfinite(options.fps) && options.fps > 0 && options.fps <= 10'000, "Tracker: fps must be between 0 and 10000");
  require(std::isfinite(options.bufferMs) && options.bufferMs >= 0 && options.bufferMs <= 3.6e6,
          "Tracker: bufferMs must be between 0 and an hour");
  require(options.trackThreshold >= 0 && options.trackThreshold <= 1, "Tracker: trackThreshold must be between 0 and 1");
  require(options.lowThreshold >= 0 && options.lowThreshold <= 1, "Tracker: lowThreshold must be between 0 and 1");
  require(options.newThreshold >= 0 && options.newThreshold <= 1, "Tracker: newThreshold must be between 0 and 1");
  require(options.matchGate > 0 && options.matchGate <= 1, "Tracker: matchGate must be between 0 and 1");
  switch (options.association) {
    case Association::bytetrack: return makeByteTracker(options);
    case Association::standard: return makeStandardTracker(options);
  }
  throw Error(ErrorCode::INTERNAL, "Tracker: unknown association");
}

}  // namespace framepath::track
