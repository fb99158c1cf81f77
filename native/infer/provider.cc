#include "infer/provider.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <system_error>

namespace framepath::infer {
namespace {

namespace fs = std::filesystem;

// In the order in which they need one another.
constexpr const char* kLibraries[] = {"libcudart.so",  "libnvrtc.so", "libcublasLt.so",    "libcublas.so",
                                      "libcurand.so",  "libcufft.so", "libcudnn.so",       "libcudnn_",
                                      "libnvinfer.so", "libnvinfer_", "libnvonnxparser.so"};

using Pairs = std::vector<std::pair<const char*, std::string>>;

// update(options, keys, values, count) of either provider.
template <typename Options>
std::string apply(const OrtApi& api, OrtStatus* (*update)(Options*, const char* const*, const char* const*, size_t),
                  Options* options, const Pairs& pairs) {
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : pairs) {
    keys.push_back(key);
    values.push_back(value.c_str());
  }
  return takeMessage(api, update(options, keys.data(), values.data(), keys.size()));
}

const char* flag(bool on) {
  return on ? "1" : "0";
}

}  // namespace

std::string appendCuda(const OrtRuntime& runtime, OrtSessionOptions* options, const ProviderSetting& setting) {
  const OrtApi& api = *runtime.api;
  openLibrariesBeside(runtime.info().path);
  OrtCUDAProviderOptionsV2* raw = nullptr;
  std::string why = takeMessage(api, api.CreateCUDAProviderOptions(&raw));
  if (!why.empty()) return why;
  const OrtHandle<OrtCUDAProviderOptionsV2> cuda{raw, {api.ReleaseCUDAProviderOptions}};
  Pairs pairs = {{"device_id", std::to_string(setting.device)},
                 {"arena_extend_strategy", "kSameAsRequested"},
                 {"cudnn_conv_algo_search", "HEURISTIC"},  // a search for every size of batch would take seconds
                 {"do_copy_in_default_stream", "0"},
                 {"use_tf32", flag(setting.precision != Precision::fp32)}};
  if (setting.memoryLimit) pairs.emplace_back("gpu_mem_limit", std::to_string(setting.memoryLimit));
  why = apply(api, api.UpdateCUDAProviderOptions, raw, pairs);
  if (why.empty() && setting.queue)
    why = takeMessage(api, api.UpdateCUDAProviderOptionsWithValue(raw, "user_compute_stream", setting.queue));
  if (why.empty()) why = takeMessage(api, api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, raw));
  return why;
}

std::string appendTensorrt(const OrtRuntime& runtime, OrtSessionOptions* options, const ProviderSetting& setting) {
  const OrtApi& api = *runtime.api;
  openLibrariesBeside(runtime.info().path);
  OrtTensorRTProviderOptionsV2* raw = nullptr;
  std::string why = takeMessage(api, api.CreateTensorRTProviderOptions(&raw));
  if (!why.empty()) return why;
  const OrtHandle<OrtTensorRTProviderOptionsV2> tensorrt{raw, {api.ReleaseTensorRTProviderOptions}};
  Pairs pairs = {{"device_id", std::to_string(setting.device)},
                 {"trt_fp16_enable", flag(setting.precision == Precision::fp16)},
                 {"trt_context_memory_sharing_enable", "1"}};
  if (!setting.cacheFolder.empty()) {
    std::error_code failed;
    fs::create_directories(setting.cacheFolder, failed);  // without it engines are built anew
    const std::string keeps = flag(!failed);
    pairs.insert(pairs.end(), {{"trt_engine_cache_enable", keeps},
                               {"trt_engine_cache_path", setting.cacheFolder},
                               {"trt_timing_cache_enable", keeps},
                               {"trt_timing_cache_path", setting.cacheFolder}});
  }
  if (!setting.smallest.empty()) {
    pairs.emplace_back("trt_profile_min_shapes", setting.smallest);
    pairs.emplace_back("trt_profile_opt_shapes", setting.largest);
    pairs.emplace_back("trt_profile_max_shapes", setting.largest);
  }
  why = apply(api, api.UpdateTensorRTProviderOptions, raw, pairs);
  if (why.empty() && setting.queue)
    why = takeMessage(api, api.UpdateTensorRTProviderOptionsWithValue(raw, "user_compute_stream", setting.queue));
  if (why.empty()) why = takeMessage(api, api.SessionOptionsAppendExecutionProvider_TensorRT_V2(options, raw));
  std::error_code inUse;
  if (!why.empty()) fs::remove(setting.cacheFolder, inUse);  // only if it is empty
  return why;
}

void openLibrariesBeside(const std::string& runtimePath) {
  static std::once_flag once;
  std::call_once(once, [&] {
    std::error_code failed;
    std::vector<std::string> names;
    const fs::path folder = fs::path(runtimePath).parent_path();
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    for (const char* wanted : kLibraries)
      for (const std::string& name : names)
        if (name.rfind(wanted, 0) == 0 && name.find(".so") != std::string::npos)
          (void)dlopen((folder / name).c_str(), RTLD_NOW | RTLD_GLOBAL);  // a failure here is reported by the provider
  });
}

}  // namespace framepath::infer
