// After the run: which segments and online identities, of all sources, are the same person.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "track/record.h"

namespace framepath::track {

// Rows [begin, end) of a segment and the final identity they were given; 0 = left out.
struct Piece {
  int32_t source;
  size_t segment;
  size_t begin, end;
  int32_t id;
};

struct Relinked {
  std::vector<Piece> pieces;                        // by source, segment, begin
  std::vector<std::pair<int32_t, int32_t>> merged;  // online id -> final id, where they differ
  std::map<int32_t, PrintSet> prints;               // final id -> prints
};

// Agglomerative, average linkage. Never joins what coexists in one source. Does not change the records.
Relinked relinkRecords(const std::vector<std::shared_ptr<SourceRecord>>& records, const IdentityOptions& identity,
                       const RelinkOptions& options);

}  // namespace framepath::track
