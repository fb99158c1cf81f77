#pragma once
#include "track/tracker.h"

namespace framepath::track {

std::unique_ptr<Tracker> makeByteTracker(const TrackerOptions& options);

}  // namespace framepath::track
