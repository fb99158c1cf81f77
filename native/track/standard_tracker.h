// The default tracker: ByteTrack's order of association, with
//   - motion noise that grows as the frame rate decreases (the published constants are for 30 frames a second),
//   - measurement noise that grows as the score decreases (NSA Kalman: Du et al., GIAOTracker, 2021),
//   - boxes grown a little before they are compared (Yang et al., C-BIoU, WACV 2023), which keeps small and fast
//   objects,
//   - gaps in the time stamps taken as frames not looked at.
// It has fewer switches than ByteTrack at the same recall; `npm run eval` has the figures.
#pragma once
#include "track/tracker.h"

namespace framepath::track {

std::unique_ptr<Tracker> makeStandardTracker(const TrackerOptions& options);

}  // namespace framepath::track
