// Final rows and identities out of relinked pieces: gaps filled, spans, best shots.
#pragma once
#include <memory>
#include <vector>

#include "track/relink.h"

namespace framepath::track {

// By source, frame, id; at most one row of an identity in a frame. Gaps up to `interpolateUs` are filled at the frames
// that were looked at.
std::vector<FinalRow> finalRows(const std::vector<std::shared_ptr<SourceRecord>>& records, const Relinked& relinked,
                                int64_t interpolateUs);

// By id. Spans join over gaps up to `interpolateUs`.
std::vector<Identity> finalIdentities(const std::vector<std::shared_ptr<SourceRecord>>& records, const Relinked& relinked,
                                      const std::vector<FinalRow>& rows, int64_t interpolateUs);

}  // namespace framepath::track
