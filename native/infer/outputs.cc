#include "infer/outputs.h"

#include "kernels/head.h"

namespace framepath::infer {
namespace {

template <typename T>
void convert(const void* from, std::vector<float>& to) {
  for (size_t i = 0; i < to.size(); i++) to[i] = floatFrom(static_cast<const T*>(from)[i]);
}

}  // namespace

void toFloats(const TensorView& tensor, std::vector<float>& floats) {
  floats.resize(tensor.data ? static_cast<size_t>(valuesOf(tensor)) : 0);
  switch (tensor.type) {
    case ElementType::float32: return convert<float>(tensor.data, floats);
    case ElementType::float16: return convert<uint16_t>(tensor.data, floats);
    case ElementType::uint8: return convert<uint8_t>(tensor.data, floats);
    case ElementType::int32: return convert<int32_t>(tensor.data, floats);
    case ElementType::int64: return convert<int64_t>(tensor.data, floats);
  }
}

}  // namespace framepath::infer
