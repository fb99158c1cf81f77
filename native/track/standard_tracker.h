#pragma once
#include "track/tracker.h"

namespace framepath::track {

std::unique_ptr<Tracker> makeStandardTracker(const TrackerOptions& options);

}  // namespace framepath::track
