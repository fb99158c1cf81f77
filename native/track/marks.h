// Marks on tracks (TrackMark): what happened to a track that makes its identity doubtful.
#pragma once
#include <cstdint>
#include <unordered_map>

#include "core/results.h"

namespace framepath::track {

// A track that is alive but not seen in this frame: where it is thought to be.
struct HiddenTrack {
  int64_t track;
  Box box;
};

// Remembers the last frames of each track; one per tracker.
class Marker {
 public:
  explicit Marker(double fps) : fps_(fps) {}
  // Adds overlapping, separated, occluded and reshaped to `tracks`, on which the tracker has set new and recovered.
  void mark(Tracks& tracks, const std::vector<HiddenTrack>& hidden);

 private:
  struct Memory {
    bool overlapping = false;
    double area = 0, aspect = 0;  // smoothed
    int64_t seen = 0;             // frame
  };
  double fps_;
  int64_t frame_ = 0;
  std::unordered_map<int64_t, Memory> memory_;
};

}  // namespace framepath::track
