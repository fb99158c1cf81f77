// What loadModel really returns: the spec, and where workers get their sessions.
#pragma once
#include <memory>
#include <mutex>

#include "infer/model.h"
#include "infer/provider_fallback.h"
#include "infer/session.h"

namespace framepath::infer {

class LoadedModel : public Model {
 public:
  LoadedModel(const ModelOptions& options, ModelSpec spec, GraphInfo graph, ProviderFallback fallback,
              std::unique_ptr<Session> warm, int32_t batch);

  const ModelSpec& spec() const override { return spec_; }
  std::string provider() const override { return provider_; }
  const std::vector<RefusedProvider>& refusedProviders() const override { return refused_; }
  int32_t batch() const override { return batch_; }
  // As in the file, outputs' dims as the warm-up gave them.
  const GraphInfo& graph() const { return graph_; }

  // A prepared session of the caller's own: the one that was warmed up at load for the first caller. Thread-safe.
  std::unique_ptr<Session> openSession() const;

  // Calls ModelOptions::recovered.
  void recovered(const std::string& what, const std::string& reason) const;

 private:
  ModelSpec spec_;
  GraphInfo graph_;
  std::string provider_;
  std::vector<RefusedProvider> refused_;
  int32_t batch_;
  std::function<void(const std::string&, const std::string&)> recovered_;
  mutable std::mutex mutex_;
  mutable ProviderFallback fallback_;
  mutable std::unique_ptr<Session> warm_;
};

// The dims of one item of the image input.
std::vector<int64_t> itemDims(const ModelSpec& spec);

// Every Model is a LoadedModel.
inline std::shared_ptr<LoadedModel> loaded(std::shared_ptr<Model> model) {
  return std::static_pointer_cast<LoadedModel>(std::move(model));
}

// MODEL_UNSUPPORTED unless the model has that head; `does` completes "is needed that ...".
void requireHead(const Model& model, HeadKind head, const std::string& does);

// The largest power of two up to `limit` whose runs give, item for item, the bits of runs of one (checked for it and
// every smaller one on fixed pseudo-random pictures). Leaves `session` prepared for it.
int32_t chooseBatch(Session& session, const ModelSpec& spec, int32_t limit);

// The largest of `limit`, limit / 2, ... that runs on a GPU, as one batch, in the memory that is left. Leaves `session`
// prepared for it. Throws DEVICE_OUT_OF_MEMORY when not even one item fits.
int32_t fittingBatch(Session& session, const ModelSpec& spec, int32_t limit);

}  // namespace framepath::infer
