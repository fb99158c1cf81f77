// Tasks as packed numbers: the format is described at ResultBlock in src/native.ts.
#pragma once
#include <string>
#include <vector>

#include "graph/pipeline.h"

namespace framepath::binding {

struct Packed {
  std::vector<double> numbers;
  std::string text;  // run lengths of masks: ASCII
};

// Appends one record. `asked`: for a module that JavaScript is asked about: only the results that it depends on stay as
// they are meanwhile (graph/task.h), all others are pending. -1: all modules have a result.
void packRecord(const graph::Task& task, const graph::Pipeline& pipeline, Packed& to, int32_t asked = -1);

}  // namespace framepath::binding
