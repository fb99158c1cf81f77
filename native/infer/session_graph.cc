// Names, types and shapes of a session's graph and values.
#include <cstring>

#include "infer/session.h"

namespace framepath::infer {
namespace {

GraphType typeOf(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT: return GraphType::float32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: return GraphType::float16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8: return GraphType::uint8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32: return GraphType::int32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64: return GraphType::int64;
    default: return GraphType::other;
  }
}

constexpr auto kReading = ErrorCode::MODEL_INVALID;

// Text the runtime allocated: copied, and given back.
std::string takeText(OrtAllocator* allocator, char* text) {
  std::string copy = text ? text : "";
  if (text) allocator->Free(allocator, text);
  return copy;
}

TensorInfo describe(const OrtApi& api, std::string name, const OrtTypeInfo* typeInfo, const std::string& file) {
  TensorInfo tensor;
  tensor.name = std::move(name);
  tensor.type = GraphType::other;
  const OrtTensorTypeAndShapeInfo* shape = nullptr;
  ort(api, api.CastTypeInfoToTensorInfo(typeInfo, &shape), kReading, "Reading \"" + file + "\"");
  if (!shape) return tensor;  // a sequence or a map
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  size_t rank = 0;
  ort(api, api.GetTensorElementType(shape, &type), kReading, "Reading \"" + file + "\"");
  ort(api, api.GetDimensionsCount(shape, &rank), kReading, "Reading \"" + file + "\"");
  tensor.type = typeOf(type);
  tensor.dims.resize(rank);
  std::vector<const char*> symbols(rank, nullptr);
  ort(api, api.GetDimensions(shape, tensor.dims.data(), rank), kReading, "Reading \"" + file + "\"");
  ort(api, api.GetSymbolicDimensions(shape, symbols.data(), rank), kReading, "Reading \"" + file + "\"");
  for (const char* symbol : symbols) tensor.symbols.push_back(symbol ? symbol : "");
  return tensor;
}

}  // namespace

void Session::readGraph() {
  const OrtApi& api = *runtime_->api;
  const std::string doing = "Reading \"" + file_ + "\"";
  OrtAllocator* allocator = nullptr;  // the runtime's default one, not owned
  ort(api, api.GetAllocatorWithDefaultOptions(&allocator), kReading, doing);
  size_t count = 0;
  ort(api, api.SessionGetInputCount(session_.get(), &count), kReading, doing);
  for (size_t i = 0; i < count; i++) {
    char* name = nullptr;
    OrtTypeInfo* info = nullptr;
    ort(api, api.SessionGetInputName(session_.get(), i, allocator, &name), kReading, doing);
    std::string text = takeText(allocator, name);
    ort(api, api.SessionGetInputTypeInfo(session_.get(), i, &info), kReading, doing);
    const OrtHandle<OrtTypeInfo> owned = own(api, info);
    graph_.inputs.push_back(describe(api, std::move(text), info, file_));
  }
  ort(api, api.SessionGetOutputCount(session_.get(), &count), kReading, doing);
  for (size_t i = 0; i < count; i++) {
    char* name = nullptr;
    OrtTypeInfo* info = nullptr;
    ort(api, api.SessionGetOutputName(session_.get(), i, allocator, &name), kReading, doing);
    std::string text = takeText(allocator, name);
    ort(api, api.SessionGetOutputTypeInfo(session_.get(), i, &info), kReading, doing);
    const OrtHandle<OrtTypeInfo> owned = own(api, info);
    graph_.outputs.push_back(describe(api, std::move(text), info, file_));
  }
  OrtModelMetadata* rawMetadata = nullptr;
  ort(api, api.SessionGetModelMetadata(session_.get(), &rawMetadata), kReading, doing);
  const OrtHandle<OrtModelMetadata> metadata = own(api, rawMetadata);
  char* producer = nullptr;
  ort(api, api.ModelMetadataGetProducerName(rawMetadata, allocator, &producer), kReading, doing);
  graph_.producer = takeText(allocator, producer);
  char** keys = nullptr;
  int64_t keyCount = 0;
  ort(api, api.ModelMetadataGetCustomMetadataMapKeys(rawMetadata, allocator, &keys, &keyCount), kReading, doing);
  std::vector<std::string> names;
  for (int64_t i = 0; i < keyCount; i++) names.push_back(takeText(allocator, keys[i]));
  if (keys) allocator->Free(allocator, keys);
  for (const std::string& key : names) {
    char* value = nullptr;
    ort(api, api.ModelMetadataLookupCustomMetadataMap(rawMetadata, allocator, key.c_str(), &value), kReading, doing);
    graph_.metadata[key] = takeText(allocator, value);
  }
}

std::vector<OrtHandle<OrtValue>> Session::boundOutputs(const Binding& binding) const {
  const OrtApi& api = *runtime_->api;
  OrtAllocator* allocator = nullptr;
  ort(api, api.GetAllocatorWithDefaultOptions(&allocator), ErrorCode::INFERENCE_FAILED, "Reading outputs");
  OrtValue** raw = nullptr;
  size_t count = 0;
  ort(api, api.GetBoundOutputValues(binding.binding.get(), allocator, &raw, &count), ErrorCode::INFERENCE_FAILED,
      "Reading the outputs of \"" + file_ + "\"");
  std::vector<OrtHandle<OrtValue>> values;
  for (size_t i = 0; i < count; i++) values.push_back(own(api, raw[i]));
  if (raw) allocator->Free(allocator, raw);
  return values;
}

std::vector<int64_t> Session::dimsOfValue(const OrtValue* value) const {
  const OrtApi& api = *runtime_->api;
  const std::string doing = "Reading an output of \"" + file_ + "\"";
  OrtTensorTypeAndShapeInfo* raw = nullptr;
  ort(api, api.GetTensorTypeAndShape(value, &raw), ErrorCode::INFERENCE_FAILED, doing);
  const OrtHandle<OrtTensorTypeAndShapeInfo> shape = own(api, raw);
  size_t rank = 0;
  ort(api, api.GetDimensionsCount(raw, &rank), ErrorCode::INFERENCE_FAILED, doing);
  std::vector<int64_t> dims(rank);
  ort(api, api.GetDimensions(raw, dims.data(), rank), ErrorCode::INFERENCE_FAILED, doing);
  return dims;
}

}  // namespace framepath::infer
