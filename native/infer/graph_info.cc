#include "infer/graph_info.h"

namespace framepath::infer {

const char* graphTypeName(GraphType type) {
  switch (type) {
    case GraphType::float32: return "float32";
    case GraphType::float16: return "float16";
    case GraphType::uint8: return "uint8";
    case GraphType::int32: return "int32";
    case GraphType::int64: return "int64";
    case GraphType::other: break;
  }
  return "other";
}

size_t graphTypeBytes(GraphType type) {
  switch (type) {
    case GraphType::float32:
    case GraphType::int32: return 4;
    case GraphType::float16: return 2;
    case GraphType::uint8: return 1;
    case GraphType::int64: return 8;
    case GraphType::other: break;
  }
  return 0;
}

ElementType elementOf(GraphType type) {
  switch (type) {
    case GraphType::float32: return ElementType::float32;
    case GraphType::float16: return ElementType::float16;
    case GraphType::int32: return ElementType::int32;
    case GraphType::int64: return ElementType::int64;
    case GraphType::uint8:
    case GraphType::other: break;
  }
  return ElementType::uint8;
}

bool isWhole(GraphType type) {
  return type == GraphType::uint8 || type == GraphType::int32 || type == GraphType::int64;
}

bool isSizeInput(const TensorInfo& input) {
  return input.name == "orig_target_sizes" && input.type == GraphType::int64 && input.dims.size() == 2 &&
         (input.dims[1] == 2 || input.dims[1] < 0);
}

std::string TensorInfo::text() const {
  std::string text = name + " " + graphTypeName(type) + " [";
  for (size_t i = 0; i < dims.size(); i++) {
    if (i) text += ",";
    if (dims[i] >= 0)
      text += std::to_string(dims[i]);
    else
      text += i < symbols.size() && !symbols[i].empty() ? symbols[i] : "?";
  }
  return text + "]";
}

static std::string listed(const std::vector<TensorInfo>& tensors) {
  std::string text;
  constexpr size_t kShown = 12;
  for (size_t i = 0; i < tensors.size() && i < kShown; i++) text += (i ? ", " : "") + tensors[i].text();
  if (tensors.size() > kShown) text += ", and " + std::to_string(tensors.size() - kShown) + " more";
  return text.empty() ? "none" : text;
}

std::string GraphInfo::inputsText() const {
  return listed(inputs);
}
std::string GraphInfo::outputsText() const {
  return listed(outputs);
}

const std::string& GraphInfo::metadataValue(const std::string& key) const {
  static const std::string nothing;
  const auto found = metadata.find(key);
  return found == metadata.end() ? nothing : found->second;
}

int32_t outputNamed(const GraphInfo& graph, const std::string& name) {
  for (size_t i = 0; i < graph.outputs.size(); i++)
    if (graph.outputs[i].name == name) return static_cast<int32_t>(i);
  return -1;
}

}  // namespace framepath::infer
