#include "track/marks.h"

#include <algorithm>
#include <cmath>

#include "track/overlap.h"

namespace framepath::track {

namespace {

constexpr float kTouching = 0.1f;  // of the smaller box
constexpr float kCovered = 0.5f;   // of the box itself
constexpr double kReshaped = 1.5;  // ratio to the smoothed size or aspect
constexpr double kSmoothingMs = 200;
constexpr double kForgetMs = 10'000;

float sharedWithSmaller(const Box& a, const Box& b) {
  const float smaller = std::min(a.area(), b.area());
  return smaller > 0 ? intersectionArea(a, b) / smaller : 0;
}

// Which of two overlapping boxes is in front: the one whose lower edge is lower (nearer to the camera), else the surer
// one.
bool inFront(const Track& a, const Track& b) {
  const float difference = a.box.y2 - b.box.y2;
  const float scale = std::max(a.box.height(), b.box.height());
  return std::abs(difference) > 0.1f * scale ? difference > 0 : a.score > b.score;
}

double ratio(double a, double b) {
  return a > b ? a / b : b / a;
}

}  // namespace

void Marker::mark(Tracks& tracks, const std::vector<HiddenTrack>& hidden) {
  frame_++;
  for (Track& track : tracks.items) {
    bool overlapping = false, occluded = false;
    for (const Track& other : tracks.items) {
      if (other.track == track.track || intersectionArea(track.box, other.box) <= 0) continue;
      overlapping |= sharedWithSmaller(track.box, other.box) > kTouching;
      const float area = track.box.area();
      occluded |= area > 0 && intersectionArea(track.box, other.box) / area > kCovered && inFront(other, track);
    }
    for (const HiddenTrack& other : hidden) overlapping |= sharedWithSmaller(track.box, other.box) > kTouching;

    const auto [found, added] = memory_.try_emplace(track.track);
    Memory& memory = found->second;
    const double area = std::max(1.0f, track.box.area());
    const double aspect = track.box.width() / std::max(1.0, static_cast<double>(track.box.height()));
    if (overlapping) track.marks |= kTrackOverlapping;
    if (occluded) track.marks |= kTrackOccluded;
    if (added || (track.marks & kTrackRecovered)) {
      memory.area = area, memory.aspect = aspect;
    } else {
      if (ratio(area, memory.area) > kReshaped ||
          ratio(std::max(aspect, 1e-3), std::max(memory.aspect, 1e-3)) > kReshaped) {
        track.marks |= kTrackReshaped;
      }
      if (memory.overlapping && !overlapping) track.marks |= kTrackSeparated;
      const double blend = std::min(1.0, 1000 / (kSmoothingMs * fps_));
      memory.area += blend * (area - memory.area);
      memory.aspect += blend * (aspect - memory.aspect);
    }
    memory.overlapping = overlapping;
    memory.seen = frame_;
  }
  const auto forgetFrames = static_cast<int64_t>(kForgetMs * fps_ / 1000);
  if (frame_ % std::max<int64_t>(1, forgetFrames) == 0) {
    std::erase_if(memory_, [&](const auto& entry) { return frame_ - entry.second.seen > forgetFrames; });
  }
}

}  // namespace framepath::track
