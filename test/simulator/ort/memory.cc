// Tensors in device memory, and binding them. To the real library all memory is the CPU's; here it is remembered which
// is not.
#include <cstring>

#include "simulator/ort/device_block.h"
#include "simulator/ort/shim.h"

namespace framepath::simulator {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

OrtStatusPtr ORT_API_CALL createMemoryInfo(const char* name, OrtAllocatorType type, int id, OrtMemType kind,
                                           OrtMemoryInfo** out) noexcept {
  if (std::strcmp(name, "Cuda") != 0) return shim().real->CreateMemoryInfo(name, type, id, kind, out);
  if (OrtStatus* status = shim().real->CreateCpuMemoryInfo(type, kind, out)) return status;
  const Lock lock(shim().mutex);
  shim().deviceMemory.insert(*out);
  return nullptr;
}
void ORT_API_CALL releaseMemoryInfo(OrtMemoryInfo* info) noexcept {
  const Lock lock(shim().mutex);
  shim().deviceMemory.erase(info);
  shim().real->ReleaseMemoryInfo(info);
}

OrtStatusPtr ORT_API_CALL createTensor(const OrtMemoryInfo* info, void* data, size_t bytes, const int64_t* dims,
                                       size_t rank, ONNXTensorElementDataType type, OrtValue** out) noexcept {
  if (OrtStatus* status = shim().real->CreateTensorWithDataAsOrtValue(info, data, bytes, dims, rank, type, out))
    return status;
  const Lock lock(shim().mutex);
  if (shim().deviceMemory.count(info)) shim().deviceValues[*out] = nullptr;
  return nullptr;
}
void ORT_API_CALL releaseValue(OrtValue* value) noexcept {
  const Lock lock(shim().mutex);
  const auto found = shim().deviceValues.find(value);
  shim().real->ReleaseValue(value);
  if (found == shim().deviceValues.end()) return;
  if (found->second) freeDeviceBlock(found->second);
  shim().deviceValues.erase(found);
}

OrtStatusPtr ORT_API_CALL createBinding(OrtSession* session, OrtIoBinding** out) noexcept {
  if (OrtStatus* status = shim().real->CreateIoBinding(session, out)) return status;
  const Lock lock(shim().mutex);
  if (shim().sessions.count(session)) shim().bindings[*out] = {session, {}};
  return nullptr;
}

// A session of the CPU takes no tensors of a GPU.
OrtStatus* checkBound(const OrtIoBinding* binding, const OrtValue* value) {
  if (shim().bindings.count(binding) || !shim().deviceValues.count(value)) return nullptr;
  return shim().fail("There's no data transfer registered for copying tensors from Device:[GPU] to Device:[CPU]");
}

OrtStatusPtr ORT_API_CALL bindInput(OrtIoBinding* binding, const char* name, const OrtValue* value) noexcept {
  const Lock lock(shim().mutex);
  if (OrtStatus* status = checkBound(binding, value)) return status;
  return shim().real->BindInput(binding, name, value);
}
OrtStatusPtr ORT_API_CALL bindOutput(OrtIoBinding* binding, const char* name, const OrtValue* value) noexcept {
  const Lock lock(shim().mutex);
  if (OrtStatus* status = checkBound(binding, value)) return status;
  return shim().real->BindOutput(binding, name, value);
}
OrtStatusPtr ORT_API_CALL bindOutputToDevice(OrtIoBinding* binding, const char* name,
                                             const OrtMemoryInfo* info) noexcept {
  const Lock lock(shim().mutex);
  const auto found = shim().bindings.find(binding);
  if (found != shim().bindings.end() && shim().deviceMemory.count(info)) found->second.allocated.insert(name);
  return shim().real->BindOutputToDevice(binding, name, info);
}

// An output that the run allocated, moved to where a GPU would have put it.
OrtStatus* moveToDevice(OrtValue*& value) {
  const OrtApi& real = *shim().real;
  OrtTensorTypeAndShapeInfo* shape = nullptr;
  void* data = nullptr;
  size_t rank = 0, count = 0, bytes = 0;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  OrtMemoryInfo* info = nullptr;
  if (OrtStatus* status = real.GetTensorTypeAndShape(value, &shape)) return status;
  OrtStatus* status = real.GetDimensionsCount(shape, &rank);
  int64_t dims[16] = {};
  if (!status) status = real.GetDimensions(shape, dims, rank);
  if (!status) status = real.GetTensorShapeElementCount(shape, &count);
  if (!status) status = real.GetTensorElementType(shape, &type);
  if (!status) status = real.GetTensorMutableData(value, &data);
  if (!status) status = real.GetTensorSizeInBytes(value, &bytes);
  if (!status) status = real.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &info);
  real.ReleaseTensorTypeAndShapeInfo(shape);
  if (status) return status;
  void* block = count ? makeDeviceBlock(data, bytes) : nullptr;
  OrtValue* moved = nullptr;
  if (count && !block)
    status = shim().fail("CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size)");
  if (block) status = real.CreateTensorWithDataAsOrtValue(info, block, bytes, dims, rank, type, &moved);
  real.ReleaseMemoryInfo(info);
  if (!moved) return status;
  real.ReleaseValue(value);
  value = moved;
  shim().deviceValues[moved] = block;
  return nullptr;
}

OrtStatusPtr ORT_API_CALL boundValues(const OrtIoBinding* binding, OrtAllocator* allocator, OrtValue*** values,
                                      size_t* count) noexcept {
  if (OrtStatus* status = shim().real->GetBoundOutputValues(binding, allocator, values, count)) return status;
  const Lock lock(shim().mutex);
  const auto found = shim().bindings.find(binding);
  if (found == shim().bindings.end() || found->second.allocated.empty()) return nullptr;
  char* names = nullptr;
  size_t* lengths = nullptr;
  size_t named = 0;
  if (OrtStatus* status = shim().real->GetBoundOutputNames(binding, allocator, &names, &lengths, &named)) return status;
  OrtStatus* status = nullptr;
  const char* name = names;
  for (size_t i = 0; i < named && !status; name += lengths[i++])
    if (found->second.allocated.count(std::string(name, lengths[i]))) status = moveToDevice((*values)[i]);
  if (names) allocator->Free(allocator, names);
  if (lengths) allocator->Free(allocator, lengths);
  if (!status) return nullptr;
  for (size_t i = 0; i < *count; i++) releaseValue((*values)[i]);
  allocator->Free(allocator, *values);
  *values = nullptr;
  *count = 0;
  return status;
}

}  // namespace

void replaceMemory(OrtApi& api) {
  api.CreateMemoryInfo = createMemoryInfo;
  api.ReleaseMemoryInfo = releaseMemoryInfo;
  api.CreateTensorWithDataAsOrtValue = createTensor;
  api.ReleaseValue = releaseValue;
  api.CreateIoBinding = createBinding;
  api.BindInput = bindInput;
  api.BindOutput = bindOutput;
  api.BindOutputToDevice = bindOutputToDevice;
  api.GetBoundOutputValues = boundValues;
}

}  // namespace framepath::simulator
