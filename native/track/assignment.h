// Optimal one-to-one assignment with a limit, as ByteTrack uses it (lap.lapjv with extend_cost and cost_limit).
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace framepath::track {

class CostMatrix {
 public:
  CostMatrix(int32_t rows, int32_t columns, float fill = 1) : rows_(rows), columns_(columns) {
    values_.assign(static_cast<size_t>(rows) * columns, fill);
  }
  float& at(int32_t row, int32_t column) { return values_[static_cast<size_t>(row) * columns_ + column]; }
  float at(int32_t row, int32_t column) const { return values_[static_cast<size_t>(row) * columns_ + column]; }
  int32_t rows() const { return rows_; }
  int32_t columns() const { return columns_; }

 private:
  int32_t rows_, columns_;
  std::vector<float> values_;
};

struct Assignment {
  std::vector<int32_t> rowToColumn;  // -1 = left out
  std::vector<int32_t> columnToRow;
};

// Minimises the sum of matched costs plus `limit` / 2 for every row and column left out: a pair is only worth matching
// below `limit`. Deterministic. Works on the connected components of pairs below the limit, so that hundreds of
// objects cost little as long as few compete for one another.
Assignment assign(const CostMatrix& costs, float limit);

}  // namespace framepath::track
