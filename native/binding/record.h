// Tasks as packed numbers: the format is described at ResultBlock in src/native.ts.
#pragma once
#include <vector>

#include "graph/pipeline.h"

namespace framepath::binding {

// Appends one record. Modules that have not spoken count as silent. `asked`: for a module that JavaScript is asked
// about: only what it depends on stays as it is meanwhile (graph/task.h), everything else counts as silent. -1: all
// have spoken.
void packRecord(const graph::Task& task, const graph::Pipeline& pipeline, std::vector<double>& words,
                int32_t asked = -1);

}  // namespace framepath::binding
