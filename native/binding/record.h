// Tasks as packed numbers: the format is described at ResultBlock in src/native.ts.
#pragma once
#include <vector>

#include "graph/pipeline.h"

namespace framepath::binding {

// Appends one record. Modules that have not spoken count as silent.
void packRecord(const graph::Task& task, const graph::Pipeline& pipeline, std::vector<double>& words);

}  // namespace framepath::binding
