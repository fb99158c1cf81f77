// Motion tracking inside one source. Deterministic; ids never change once given.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "core/results.h"
#include "generated/module_defaults.h"
#include "generated/track_enums.h"

namespace framepath::track {

struct TrackerOptions {
  Association association = defaults::TrackSpec::association;
  double fps = defaults::TrackMotOptions::fps;                 // nominal rate; buffers scale with it
  float trackThreshold = defaults::TrackSpec::trackThreshold;  // high-score pool
  float lowThreshold = defaults::TrackSpec::lowThreshold;      // low-score pool's floor
  float newThreshold = defaults::TrackSpec::newThreshold;      // a new track needs this score
  float matchGate = defaults::TrackSpec::matchGate;            // cost gate of the first association
  double bufferMs = defaults::TrackSpec::bufferMs;             // a lost track is removed after this
};

// Stateful, one per source, one thread.
class Tracker {
 public:
  virtual ~Tracker() = default;
  // Detections of the next frame. Returns the tracks seen in it (confirmed ones).
  virtual Tracks update(const Detections& detections, int64_t ptsUs) = 0;
  // The frame was not looked at (skip, drop, failure): tracks are predicted, nothing is lost because of it.
  virtual void predict(int64_t ptsUs) = 0;
};
std::unique_ptr<Tracker> makeTracker(const TrackerOptions& options);

}  // namespace framepath::track
