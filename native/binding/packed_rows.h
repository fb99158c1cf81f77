// Rows of numbers (generated/packed.h) in a list of numbers.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "generated/packed.h"

namespace framepath::binding {

// The double that is written as the float is: 0.8, not 0.800000011920929. Results and boxes of inputs have the same
// numbers.
double decimal(float value);

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
