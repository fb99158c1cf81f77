// Facts of an ONNX file: inputs, outputs, metadata. Plain data, so that specs are inferred without a
// runtime.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/view.h"

namespace framepath::infer {

// Element types of graph inputs and outputs that anything here reads or writes.
enum class GraphType : uint8_t { float32, float16, uint8, int32, int64, other };

const char* graphTypeName(GraphType type);
size_t graphTypeBytes(GraphType type);
ElementType elementOf(GraphType type);  // other: uint8
bool isWhole(GraphType type);           // whole numbers: pictures are given as pixels, 0..255

struct TensorInfo {
  std::string name;
  GraphType type = GraphType::float32;
  std::vector<int64_t> dims;         // -1 = not fixed in the file
  std::vector<std::string> symbols;  // names of the dimensions that are not fixed
  // "name float32 [N,3,112,112]"
  std::string text() const;
};

// The second input of RT-DETR's and D-FINE's own exports, "orig_target_sizes" int64 [N,2]: width and height of what
// boxes are measured in. It gets the size of the model's input.
bool isSizeInput(const TensorInfo& input);

struct GraphInfo {
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::map<std::string, std::string> metadata;
  std::string producer;

  std::string inputsText() const;
  std::string outputsText() const;
  // The metadata value, or an empty string.
  const std::string& metadataValue(const std::string& key) const;
};

// Position of an output; -1: there is none of this name.
int32_t outputNamed(const GraphInfo& graph, const std::string& name);

}  // namespace framepath::infer
