// What a model's outputs are made of.
#pragma once
#include <cstdint>
#include <vector>

#include "core/view.h"

namespace framepath::infer {

inline int64_t valuesOf(const TensorView& tensor) {
  int64_t values = 1;
  for (int32_t i = 0; i < tensor.rank; i++) values *= tensor.dims[i] < 0 ? 0 : tensor.dims[i];
  return values;
}
// Values of one batch item.
inline int64_t valuesPerItem(const TensorView& tensor) {
  return tensor.rank == 0 || tensor.dims[0] <= 0 ? 0 : valuesOf(tensor) / tensor.dims[0];
}
inline std::vector<int64_t> dimsOf(const TensorView& tensor) {
  return {tensor.dims, tensor.dims + tensor.rank};
}

// Values of a tensor that is readable here, as floats.
void toFloats(const TensorView& tensor, std::vector<float>& floats);

}  // namespace framepath::infer
