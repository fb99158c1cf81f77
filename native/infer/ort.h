// ONNX Runtime's C handles with owners, and the one checker of its calls. The only header that includes the C API.
#pragma once
#include <onnxruntime_c_api.h>

#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "infer/runtime.h"

namespace framepath::infer {

// The oldest API version that has what is used here (ONNX Runtime 1.17); newer libraries serve it too.
inline constexpr uint32_t kOrtApiVersion = 17;
// What has AllocatorGetStats.
inline constexpr uint32_t kOrtStatsVersion = 23;

class OrtRuntime : public Runtime {
 public:
  OrtRuntime(const OrtApi* api, const OrtApi* statsApi, OrtEnv* env, RuntimeInfo info)
      : api(api), statsApi(statsApi), env_(env), info_(std::move(info)) {}
  ~OrtRuntime() override { api->ReleaseEnv(env_); }
  const RuntimeInfo& info() const override { return info_; }
  OrtEnv* env() const { return env_; }

  const OrtApi* const api;
  const OrtApi* const statsApi;  // for AllocatorGetStats and to cancel loading; null: the library is older

 private:
  OrtEnv* env_;
  RuntimeInfo info_;
};

// The message of a failed call (and the status is gone); empty = it succeeded.
std::string takeMessage(const OrtApi& api, OrtStatus* status);

// What the runtime's message means for the device: DEVICE_OUT_OF_MEMORY, DEVICE_LOST, or nothing.
std::optional<ErrorCode> deviceTrouble(const std::string& message);

// Throws `code` with what was being done and the runtime's message; running out of memory is DEVICE_OUT_OF_MEMORY.
void ort(const OrtApi& api, OrtStatus* status, ErrorCode code, const std::string& doing);
[[noreturn]] void failed(const std::string& message, ErrorCode code, const std::string& doing);

// unique_ptr over one of the API's Release functions.
template <typename T>
struct OrtRelease {
  void (*release)(T*) = nullptr;
  void operator()(T* handle) const { release(handle); }
};
template <typename T>
using OrtHandle = std::unique_ptr<T, OrtRelease<T>>;

inline OrtHandle<OrtSession> own(const OrtApi& api, OrtSession* handle) {
  return {handle, {api.ReleaseSession}};
}
inline OrtHandle<OrtSessionOptions> own(const OrtApi& api, OrtSessionOptions* handle) {
  return {handle, {api.ReleaseSessionOptions}};
}
inline OrtHandle<OrtRunOptions> own(const OrtApi& api, OrtRunOptions* handle) {
  return {handle, {api.ReleaseRunOptions}};
}
inline OrtHandle<OrtValue> own(const OrtApi& api, OrtValue* handle) {
  return {handle, {api.ReleaseValue}};
}
inline OrtHandle<OrtIoBinding> own(const OrtApi& api, OrtIoBinding* handle) {
  return {handle, {api.ReleaseIoBinding}};
}
inline OrtHandle<OrtMemoryInfo> own(const OrtApi& api, OrtMemoryInfo* handle) {
  return {handle, {api.ReleaseMemoryInfo}};
}
inline OrtHandle<OrtTypeInfo> own(const OrtApi& api, OrtTypeInfo* handle) {
  return {handle, {api.ReleaseTypeInfo}};
}
inline OrtHandle<OrtTensorTypeAndShapeInfo> own(const OrtApi& api, OrtTensorTypeAndShapeInfo* handle) {
  return {handle, {api.ReleaseTensorTypeAndShapeInfo}};
}
inline OrtHandle<OrtModelMetadata> own(const OrtApi& api, OrtModelMetadata* handle) {
  return {handle, {api.ReleaseModelMetadata}};
}

}  // namespace framepath::infer
