// The providers of a model in the order in which they are tried, down to one that works.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "infer/model.h"
#include "infer/session.h"

namespace framepath::infer {

class ProviderFallback {
 public:
  // Throws INVALID_ARGUMENT: a provider or precision that is not known, or one that a CPU does not have.
  ProviderFallback(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device, const ModelOptions& options,
                   const std::string& sha256);

  // Facts of the file, before open(). Throws MODEL_INVALID, MODEL_UNSUPPORTED.
  GraphInfo look();

  // A session prepared for `batch` items of `itemDims`, which has done its first run; `most` is the largest batch it
  // may be prepared for later. What fails on the way is not tried again: options of the provider, appending it,
  // opening the file with it, the first run.
  // Throws what the last provider ran into; RUNTIME_UNUSABLE when that is not the CPU's; DEVICE_OUT_OF_MEMORY and
  // DEVICE_LOST at once.
  std::unique_ptr<Session> open(const GraphInfo& graph, int32_t batch, int32_t most,
                                const std::vector<int64_t>& itemDims);

  const std::vector<RefusedProvider>& refusedProviders() const { return refused_; }

 private:
  SessionSettings settingsFor(Provider provider, const GraphInfo& graph, int32_t most,
                              const std::vector<int64_t>& itemDims) const;

  std::shared_ptr<OrtRuntime> runtime_;
  std::shared_ptr<Device> device_;
  SessionSettings settings_;
  std::string engineFolder_;
  std::vector<Provider> left_;
  std::unique_ptr<Session> looked_;  // the session that look() opened, where open() can go on with it
  std::vector<RefusedProvider> refused_;
};

}  // namespace framepath::infer
