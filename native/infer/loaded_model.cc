#include "infer/loaded_model.h"

#include "core/enum_names.h"
#include "infer/spec.h"

namespace framepath::infer {

LoadedModel::LoadedModel(const ModelOptions& options, ModelSpec spec, GraphInfo graph, ProviderFallback fallback,
                         std::unique_ptr<Session> warm, int32_t batch)
    : spec_(std::move(spec)),
      graph_(std::move(graph)),
      provider_(nameOf(warm->provider())),
      refused_(fallback.refusedProviders()),
      batch_(batch),
      recovered_(options.recovered),
      fallback_(std::move(fallback)),
      warm_(std::move(warm)) {}

std::unique_ptr<Session> LoadedModel::openSession() const {
  std::lock_guard lock(mutex_);
  if (warm_) return std::move(warm_);
  const size_t before = fallback_.refusedProviders().size();
  std::unique_ptr<Session> session = fallback_.open(graph_, batch_, batch_, itemDims(spec_));
  session->countMemory();
  for (size_t i = before; i < fallback_.refusedProviders().size(); i++)
    recovered("provider " + fallback_.refusedProviders()[i].provider + " failed for another worker, which runs on " +
                  nameOf(session->provider()),
              fallback_.refusedProviders()[i].reason);
  return session;
}

void LoadedModel::recovered(const std::string& what, const std::string& reason) const {
  if (recovered_) recovered_(what, reason);
}

void requireHead(const Model& model, HeadKind head, const std::string& does) {
  if (model.spec().head == head) return;
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "A model is needed that " + does + ", and \"" + model.spec().name + "\" has head " +
                  nameOf(model.spec().head) + ".",
              std::string("State head \"") + nameOf(head) + "\" if that is what it is, or use another model.");
}

std::vector<int64_t> itemDims(const ModelSpec& spec) {
  if (spec.layout == TensorLayout::nchw) return {spec.channels, spec.height, spec.width};
  return {spec.height, spec.width, spec.channels};
}

}  // namespace framepath::infer
