// ONNX Runtime's execution providers: what runs a model on a device.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generated/infer_enums.h"
#include "infer/ort.h"

namespace framepath::infer {

// What a session asks of a provider.
struct ProviderSetting {
  int32_t device = 0;        // ordinal of the GPU
  void* queue = nullptr;     // CUstream: everything is enqueued there
  uint64_t memoryLimit = 0;  // bytes of the arena; 0 = none
  Precision precision = Precision::fp32;
  // TensorRT: where engines are kept (empty: nowhere), and the input's shapes as "name:1x3x640x640".
  std::string cacheFolder;
  std::string smallest, largest;
};

// Appends a GPU's provider to the options of a session. Empty = done, else the runtime's message.
std::string appendCuda(const OrtRuntime& runtime, OrtSessionOptions* options, const ProviderSetting& setting);
std::string appendTensorrt(const OrtRuntime& runtime, OrtSessionOptions* options, const ProviderSetting& setting);

// The providers name libraries of CUDA, cuDNN and TensorRT that they find through LD_LIBRARY_PATH alone: those that lie
// beside ONNX Runtime are opened first, once a process, so that they are found too.
void openLibrariesBeside(const std::string& runtimePath);

}  // namespace framepath::infer
