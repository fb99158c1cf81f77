// Sizes of memory that is kept for the next owner.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>

namespace framepath {

// Eight sizes between powers of two, multiples of `smallest`: at most an eighth more than what was asked for, and what
// is of about one size can be exchanged.
inline size_t sizeClass(size_t bytes, size_t smallest) {
  const size_t step = std::max(smallest, std::bit_floor(bytes) / 8);
  return std::max(smallest, (bytes + step - 1) / step * step);
}

}  // namespace framepath
