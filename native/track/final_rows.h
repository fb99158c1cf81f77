// Spooled rows with their final ids.
#pragma once
#include <memory>

#include "track/identity.h"
#include "track/row_spool.h"

namespace framepath::track {

std::unique_ptr<FinalRows> openFinalRows(int32_t source, RowSpool::Reader reader, RelinkRef linked);

}  // namespace framepath::track
