// Rows of numbers (generated/packed.h) in a list of numbers.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "core/decimal.h"
#include "generated/packed.h"

namespace framepath::binding {

template <typename Row>
void append(std::vector<double>& to, const Row& row) {
  const auto numbers = std::bit_cast<std::array<double, Row::kSize>>(row);
  to.insert(to.end(), numbers.begin(), numbers.end());
}

// `numbers` has at least Row::kSize.
template <typename Row>
Row rowAt(const double* numbers) {
  std::array<double, Row::kSize> row;
  std::copy_n(numbers, row.size(), row.begin());
  return std::bit_cast<Row>(row);
}

}  // namespace framepath::binding
