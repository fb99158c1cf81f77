#include "infer/loaded_model.h"

#include <algorithm>
#include <bit>

#include "infer/spec.h"

namespace framepath::infer {

LoadedModel::LoadedModel(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device,
                         const ModelOptions& options, ModelSpec spec, GraphInfo graph, std::unique_ptr<Session> warm,
                         int32_t batch)
    : runtime_(std::move(runtime)),
      device_(std::move(device)),
      spec_(std::move(spec)),
      graph_(std::move(graph)),
      provider_(warm->provider()),
      intraThreads_(options.intraThreads),
      batch_(batch),
      warm_(std::move(warm)) {}

std::unique_ptr<Session> LoadedModel::openSession() const {
  {
    std::lock_guard lock(mutex_);
    if (warm_) return std::move(warm_);
  }
  auto session = std::make_unique<Session>(runtime_, device_, spec_.file, intraThreads_);
  session->prepare(batch_, itemDims(spec_));
  return session;
}

LoadedModel::Step LoadedModel::nextStep(size_t remaining) const {
  const auto take = static_cast<int32_t>(std::min<size_t>(remaining, static_cast<size_t>(batch_)));
  if (spec_.fixedBatch > 0) return {take, spec_.fixedBatch};
  if (device_->id().kind != DeviceKind::cpu) return {take, take};
  const auto power = static_cast<int32_t>(std::bit_floor(static_cast<uint32_t>(take)));
  return {power, power};
}

void requireHead(const Model& model, HeadKind head, const std::string& does) {
  if (model.spec().head == head) return;
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "A model is needed that " + does + ", and \"" + model.spec().name + "\" has head " +
                  headName(model.spec().head) + ".",
              std::string("State head \"") + headName(head) + "\" if that is what it is, or use another model.");
}

std::vector<int64_t> itemDims(const ModelSpec& spec) {
  if (spec.layout == TensorLayout::nchw) return {spec.channels, spec.height, spec.width};
  return {spec.height, spec.width, spec.channels};
}

}  // namespace framepath::infer
