#include "infer/ort.h"

#include <cstdlib>
#include <initializer_list>

namespace framepath::infer {
namespace {

bool mentions(const std::string& message, std::initializer_list<const char*> words) {
  for (const char* word : words)
    if (message.find(word) != std::string::npos) return true;
  return false;
}

// Host and device allocators, CUDA itself, cuBLAS and cuDNN, each with messages of its own.
bool isOutOfMemory(const std::string& message) {
  return mentions(message, {"bad allocation", "bad_alloc", "Failed to allocate memory", "Available memory of",
                            "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"});
}

// "CUDA failure 700: an illegal memory access was encountered": after these no call of the process succeeds any more.
bool isDeviceLost(const std::string& message) {
  constexpr const char* kCudaFailure = "CUDA failure ";
  const size_t at = message.find(kCudaFailure);
  if (at == std::string::npos) return false;
  switch (std::atoi(message.c_str() + at + std::char_traits<char>::length(kCudaFailure))) {
    case 214:  // uncorrectable ECC error
    case 220:  // uncorrectable NVLink error
    case 700:  // illegal address
    case 702:  // launch timeout
    case 709:  // context is destroyed
    case 710:  // device-side assert
    case 714:  // hardware stack error
    case 715:  // illegal instruction
    case 716:  // misaligned address
    case 717:  // invalid address space
    case 718:  // invalid program counter
    case 719:  // launch failure
    case 999:  // unknown
      return true;
    default: return false;
  }
}

}  // namespace

std::string takeMessage(const OrtApi& api, OrtStatus* status) {
  if (!status) return {};
  std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return message.empty() ? "no reason given" : message;
}

std::optional<ErrorCode> deviceTrouble(const std::string& message) {
  if (isDeviceLost(message)) return ErrorCode::DEVICE_LOST;
  if (isOutOfMemory(message)) return ErrorCode::DEVICE_OUT_OF_MEMORY;
  return std::nullopt;
}

void ort(const OrtApi& api, OrtStatus* status, ErrorCode code, const std::string& doing) {
  const std::string message = takeMessage(api, status);
  if (!message.empty()) failed(message, code, doing);
}

void failed(const std::string& message, ErrorCode code, const std::string& doing) {
  switch (deviceTrouble(message).value_or(code)) {
    case ErrorCode::DEVICE_LOST:
      throw Error(ErrorCode::DEVICE_LOST, doing + " lost the GPU: " + message,
                  "Start a new process: this one cannot use the GPU any more. dmesg may show more (Xid).");
    case ErrorCode::DEVICE_OUT_OF_MEMORY:
      throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY, doing + " ran out of memory: " + message,
                  "Use a smaller batch, fewer workers or a smaller input size.");
    default: throw Error(code, doing + " failed: " + message);
  }
}

}  // namespace framepath::infer
