// Provider options, appending a provider, opening a session with it.
#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "simulator/ort/shim.h"

namespace framepath::simulator {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

// What stands behind OrtCUDAProviderOptionsV2 and OrtTensorRTProviderOptionsV2.
struct Options {
  void* stream = nullptr;
};

// The keys of ONNX Runtime 1.29 that may be set here; others are refused, as the real ones refuse them.
const std::set<std::string> kCudaKeys = {"device_id", "arena_extend_strategy",     "cudnn_conv_algo_search",
                                         "use_tf32",  "do_copy_in_default_stream", "gpu_mem_limit"};
const std::set<std::string> kTensorrtKeys = {"device_id",
                                             "trt_fp16_enable",
                                             "trt_engine_cache_enable",
                                             "trt_engine_cache_path",
                                             "trt_timing_cache_enable",
                                             "trt_timing_cache_path",
                                             "trt_context_memory_sharing_enable",
                                             "trt_profile_min_shapes",
                                             "trt_profile_opt_shapes",
                                             "trt_profile_max_shapes"};

OrtStatus* libraryMissing(const std::string& provider, const std::string& library) {
  return shim().fail("Failed to load library libonnxruntime_providers_" + provider + ".so with error: " + library +
                     ": cannot open shared object file: No such file or directory");
}

OrtStatus* update(const std::string& provider, const std::set<std::string>& known, const char* const* keys,
                  size_t count) {
  if (provider == "tensorrt" && !ruled("cuda", "tensorrt")) return libraryMissing(provider, "libnvinfer.so.10");
  if (ruled(provider, "options_fail")) return libraryMissing(provider, "libcublasLt.so.13");
  for (size_t i = 0; i < count; i++)
    if (!known.count(keys[i])) return shim().fail(std::string("unknown option ") + keys[i], ORT_INVALID_ARGUMENT);
  return nullptr;
}

OrtStatus* setStream(void* options, const char* key, void* value) {
  if (std::string(key) != "user_compute_stream") return shim().fail(std::string("unknown option ") + key);
  static_cast<Options*>(options)->stream = value;
  return nullptr;
}

OrtStatus* append(const std::string& provider, const OrtSessionOptions* to, const void* options) {
  if (ruled(provider, "crash")) std::raise(SIGSEGV);
  while (ruled(provider, "hang")) pause();
  if (ruled(provider, "append_fail"))
    return shim().fail("OrtSessionOptionsAppendExecutionProvider: Failed to load shared library");
  const Lock lock(shim().mutex);
  GpuProvider& gpu = shim().options[to];
  if (gpu.name.empty()) gpu = {provider, static_cast<const Options*>(options)->stream};
  return nullptr;
}

OrtStatusPtr ORT_API_CALL createCuda(OrtCUDAProviderOptionsV2** out) noexcept {
  *out = reinterpret_cast<OrtCUDAProviderOptionsV2*>(new Options);
  return nullptr;
}
OrtStatusPtr ORT_API_CALL updateCuda(OrtCUDAProviderOptionsV2*, const char* const* keys, const char* const*,
                                     size_t count) noexcept {
  return update("cuda", kCudaKeys, keys, count);
}
OrtStatusPtr ORT_API_CALL updateCudaValue(OrtCUDAProviderOptionsV2* options, const char* key, void* value) noexcept {
  return setStream(options, key, value);
}
void ORT_API_CALL releaseCuda(OrtCUDAProviderOptionsV2* options) noexcept {
  delete reinterpret_cast<Options*>(options);
}
OrtStatusPtr ORT_API_CALL appendCuda(OrtSessionOptions* to, const OrtCUDAProviderOptionsV2* options) noexcept {
  return append("cuda", to, options);
}

OrtStatusPtr ORT_API_CALL createTensorrt(OrtTensorRTProviderOptionsV2** out) noexcept {
  *out = reinterpret_cast<OrtTensorRTProviderOptionsV2*>(new Options);
  return nullptr;
}
OrtStatusPtr ORT_API_CALL updateTensorrt(OrtTensorRTProviderOptionsV2*, const char* const* keys, const char* const*,
                                         size_t count) noexcept {
  return update("tensorrt", kTensorrtKeys, keys, count);
}
OrtStatusPtr ORT_API_CALL updateTensorrtValue(OrtTensorRTProviderOptionsV2* options, const char* key,
                                              void* value) noexcept {
  return setStream(options, key, value);
}
void ORT_API_CALL releaseTensorrt(OrtTensorRTProviderOptionsV2* options) noexcept {
  delete reinterpret_cast<Options*>(options);
}
OrtStatusPtr ORT_API_CALL appendTensorrt(OrtSessionOptions* to, const OrtTensorRTProviderOptionsV2* options) noexcept {
  return append("tensorrt", to, options);
}

void ORT_API_CALL releaseOptions(OrtSessionOptions* options) noexcept {
  const Lock lock(shim().mutex);
  shim().options.erase(options);
  shim().real->ReleaseSessionOptions(options);
}

OrtStatusPtr ORT_API_CALL createSession(const OrtEnv* environment, const ORTCHAR_T* file,
                                        const OrtSessionOptions* options, OrtSession** out) noexcept {
  GpuProvider gpu;
  {
    const Lock lock(shim().mutex);
    const auto found = shim().options.find(options);
    if (found != shim().options.end()) gpu = found->second;
  }
  if (!gpu.name.empty() && ruled(gpu.name, "session_fail"))
    return shim().fail("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1");
  if (OrtStatus* status = shim().real->CreateSession(environment, file, options, out)) return status;
  if (gpu.name.empty()) return nullptr;
  const Lock lock(shim().mutex);
  shim().sessions[*out] = gpu;
  return nullptr;
}

}  // namespace

void replaceProviders(OrtApi& api) {
  api.CreateCUDAProviderOptions = createCuda;
  api.UpdateCUDAProviderOptions = updateCuda;
  api.UpdateCUDAProviderOptionsWithValue = updateCudaValue;
  api.ReleaseCUDAProviderOptions = releaseCuda;
  api.SessionOptionsAppendExecutionProvider_CUDA_V2 = appendCuda;
  api.CreateTensorRTProviderOptions = createTensorrt;
  api.UpdateTensorRTProviderOptions = updateTensorrt;
  api.UpdateTensorRTProviderOptionsWithValue = updateTensorrtValue;
  api.ReleaseTensorRTProviderOptions = releaseTensorrt;
  api.SessionOptionsAppendExecutionProvider_TensorRT_V2 = appendTensorrt;
  api.ReleaseSessionOptions = releaseOptions;
  api.CreateSession = createSession;
}

}  // namespace framepath::simulator
