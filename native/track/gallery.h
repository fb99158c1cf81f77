// The gallery of one source: gives tracks their identities while the run goes on.
#pragma once
#include <map>
#include <memory>

#include "track/identity.h"
#include "track/record.h"

namespace framepath::track {

// `bank` identities are recognised under the ids they have there. `lost`: see RowOptions.
std::unique_ptr<Gallery> makeGallery(const IdentityOptions& options, std::shared_ptr<SourceRecord> record,
                                     const std::map<int32_t, EmbeddingSet>& bank, const IdentityLimits& limits,
                                     std::function<void(const Error&)> lost);

}  // namespace framepath::track
