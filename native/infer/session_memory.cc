// What a session holds of the device's memory besides its tensors.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "infer/session.h"

namespace framepath::infer {

// Bytes of the provider's arenas; 0 = it does not report them.
uint64_t Session::arenaBytes() const {
  uint64_t bytes = arenaBytes(*session_);
  for (const auto& [batch, session] : sized_) bytes += arenaBytes(*session);
  return bytes;
}

uint64_t Session::arenaBytes(const OrtSession& session) const {
  const OrtApi* stats = runtime_->statsApi;
  if (!stats) return 0;
  const OrtApi& api = *runtime_->api;
  OrtAllocator* rawAllocator = nullptr;
  if (!takeMessage(api, api.CreateAllocator(&session, memoryInfo_.get(), &rawAllocator)).empty()) return 0;
  const OrtHandle<OrtAllocator> allocator{rawAllocator, {api.ReleaseAllocator}};
  OrtKeyValuePairs* rawPairs = nullptr;
  if (!takeMessage(api, stats->AllocatorGetStats(rawAllocator, &rawPairs)).empty()) return 0;
  const OrtHandle<OrtKeyValuePairs> pairs{rawPairs, {stats->ReleaseKeyValuePairs}};
  const char* bytes = stats->GetKeyValue(rawPairs, "TotalAllocated");
  return bytes ? std::strtoull(bytes, nullptr, 10) : 0;
}

void Session::countMemory() {
  if (provider_ == Provider::cpu) return;
  std::error_code unknown;
  const uintmax_t weights = std::filesystem::file_size(file_, unknown);
  const uint64_t bytes = std::max<uint64_t>(arenaBytes(), unknown ? 0 : weights);  // TensorRT has memory of its own
  budget_.reset();
  budget_ = device_->reserve(bytes, "the model \"" + std::filesystem::path(file_).filename().string() + "\"");
}

}  // namespace framepath::infer
