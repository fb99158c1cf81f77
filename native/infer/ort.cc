#include "infer/ort.h"

namespace framepath::infer {

std::string takeMessage(const OrtApi& api, OrtStatus* status) {
  if (!status) return {};
  std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return message.empty() ? "no reason given" : message;
}

void ort(const OrtApi& api, OrtStatus* status, ErrorCode code, const std::string& doing) {
  const std::string message = takeMessage(api, status);
  if (message.empty()) return;
  const bool memory = message.find("bad allocation") != std::string::npos ||
                      message.find("bad_alloc") != std::string::npos ||
                      message.find("Failed to allocate memory") != std::string::npos;
  if (memory)
    throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY, doing + " ran out of memory: " + message,
                "Use a smaller batch, fewer workers or a smaller input size.");
  throw Error(code, doing + " failed: " + message);
}

}  // namespace framepath::infer
