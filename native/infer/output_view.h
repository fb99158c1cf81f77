// What heads read.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace framepath::infer {

// One output of the last run, readable on the host. `data` is valid until the next run.
struct OutputView {
  const float* data = nullptr;  // converted where the graph has another type
  std::vector<int64_t> dims;    // dims[0] is the batch in models that have one
  size_t count() const {
    size_t values = 1;
    for (const int64_t dim : dims) values *= static_cast<size_t>(dim < 0 ? 0 : dim);
    return values;
  }
  // Values of one batch item, and where item `i` begins.
  size_t perItem() const { return dims.empty() || dims[0] == 0 ? 0 : count() / static_cast<size_t>(dims[0]); }
  const float* item(int32_t i) const { return data + perItem() * static_cast<size_t>(i); }
};

}  // namespace framepath::infer
