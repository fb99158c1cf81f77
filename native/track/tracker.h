// Motion tracking inside one source. Deterministic; ids never change once given.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "core/results.h"
#include "generated/track_enums.h"

namespace framepath::track {

struct TrackerOptions {
  Association association = Association::standard;
  double fps = 30;              // nominal rate; buffers scale with it
  float trackThreshold = 0.5f;  // high-score pool
  float lowThreshold = 0.1f;    // low-score pool's floor
  float newThreshold = 0.6f;    // a new track needs this score
  float matchGate = 0.8f;       // cost gate of the first association
  double bufferMs = 1000;       // a lost track is removed after this
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
