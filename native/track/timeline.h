// Times, tracks and best shot of a final identity.
#pragma once
#include <vector>

#include "track/record.h"

namespace framepath::track {

// Spans join over gaps up to kFillUs; frames of filled gaps count.
Identity finalIdentity(int32_t id, const std::vector<Person>& persons);

}  // namespace framepath::track
