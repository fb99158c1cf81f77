// After the run: which persons, of all sources, are the same.
#pragma once
#include <memory>
#include <vector>

#include "track/record.h"

namespace framepath::track {

// Agglomerative, average linkage. Never joins what coexists in one source. Does not change the records, and holds none
// of them for longer than copying its persons takes. Time grows with the square of the number of persons with
// embeddings.
RelinkResult relinkRecords(const std::vector<std::shared_ptr<SourceRecord>>& records, const IdentityOptions& identity,
                           const RelinkOptions& options);

}  // namespace framepath::track
