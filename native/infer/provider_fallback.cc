#include "infer/provider_fallback.h"

#include <algorithm>

#include "core/enum_names.h"
#include "core/error.h"
#include "infer/sha256.h"

namespace framepath::infer {
namespace {

// The value of that name. Throws INVALID_ARGUMENT.
template <NamedEnum E>
E valueOf(const std::string& name, const char* what) {
  if (const std::optional<E> value = valueNamed<E>(name)) return *value;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "Expected one of " + namesOf<E>() + " for " + what + " but received \"" + name + "\".");
}

std::vector<Provider> orderOf(const ProviderChoice& choice, const Device& device) {
  const bool gpu = device.id().kind == DeviceKind::cuda;
  if (choice.order.empty() || !gpu) {
    if (!gpu) return {Provider::cpu};
    return {Provider::tensorrt, Provider::cuda, Provider::cpu};
  }
  std::vector<Provider> order;
  for (const std::string& name : choice.order) order.push_back(valueOf<Provider>(name, "a provider"));
  return order;
}

// "name:4x3x640x640"
std::string shapeText(const TensorInfo& input, int32_t batch, const std::vector<int64_t>& itemDims) {
  std::string text = input.name + ":" + std::to_string(batch);
  for (const int64_t dim : itemDims) text += "x" + std::to_string(dim);
  return text;
}

// An engine fits one model, one kind of GPU and one set of versions.
std::string engineFolder(const std::string& cacheFolder, const std::string& sha256, const Device& device,
                         const OrtRuntime& runtime) {
  if (cacheFolder.empty()) return {};
  Sha256 hash;
  const std::string fits = sha256 + "\n" + device.description() + "\n" + runtime.info().version;
  hash.add(fits.data(), fits.size());
  return cacheFolder + "/tensorrt/" + hash.finish().substr(0, 16);
}

}  // namespace

ProviderFallback::ProviderFallback(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device,
                                   const ModelOptions& options, const std::string& sha256)
    : runtime_(std::move(runtime)), device_(std::move(device)) {
  settings_.file = options.file;
  settings_.interrupt = options.interrupt;
  settings_.intraThreads = options.intraThreads;
  settings_.precision = valueOf<Precision>(options.precision, "precision");
  engineFolder_ = engineFolder(options.providers.cacheFolder, sha256, *device_, *runtime_);
  for (const Provider provider : orderOf(options.providers, *device_)) {
    const auto off = options.providers.off.find(nameOf(provider));
    if (off == options.providers.off.end()) {
      left_.push_back(provider);
    } else {
      refused_.push_back({nameOf(provider), off->second});
    }
  }
}

SessionSettings ProviderFallback::settingsFor(Provider provider, const GraphInfo& graph, int32_t most,
                                              const std::vector<int64_t>& itemDims) const {
  SessionSettings settings = settings_;
  if (provider != Provider::tensorrt) return settings;
  settings.engineFolder = engineFolder_;
  const TensorInfo& input = graph.inputs.front();
  const bool dynamic = std::any_of(input.dims.begin(), input.dims.end(), [](int64_t dim) { return dim < 0; });
  if (!dynamic) return settings;
  settings.smallestShape = shapeText(input, input.dims.front() < 0 ? 1 : most, itemDims);
  settings.largestShape = shapeText(input, most, itemDims);
  if (graph.inputs.size() > 1 && isSizeInput(graph.inputs[1]) && graph.inputs[1].dims[0] < 0) {
    settings.smallestShape += "," + shapeText(graph.inputs[1], 1, {2});
    settings.largestShape += "," + shapeText(graph.inputs[1], most, {2});
  }
  return settings;
}

GraphInfo ProviderFallback::look() {
  // TensorRT wants to know the shapes before it opens the file; the CPU opens it once and for all.
  if (left_ != std::vector<Provider>{Provider::cpu}) return Session::look(runtime_, settings_.file);
  std::string refused;
  looked_ = Session::open(runtime_, device_, settings_, Provider::cpu, refused);
  return looked_->graph();
}

std::unique_ptr<Session> ProviderFallback::open(const GraphInfo& graph, int32_t batch, int32_t most,
                                                const std::vector<int64_t>& itemDims) {
  for (; !left_.empty(); left_.erase(left_.begin())) {
    const Provider provider = left_.front();
    std::string refused;
    std::unique_ptr<Session> session = std::move(looked_);
    if (!session)
      session = Session::open(runtime_, device_, settingsFor(provider, graph, most, itemDims), provider, refused);
    if (session && provider == Provider::cpu) {
      session->prepare(batch, itemDims);
      return session;
    }
    if (session) {
      try {
        session->prepare(batch, itemDims);
        return session;
      } catch (const Error& e) {
        if (e.code != ErrorCode::INFERENCE_FAILED) throw;
        refused = e.sentence;
      }
    }
    refused_.push_back({nameOf(provider), refused});
  }
  std::string reasons;
  for (const RefusedProvider& refused : refused_)
    reasons += (reasons.empty() ? "" : "; ") + refused.provider + ": " + refused.reason;
  throw Error(ErrorCode::RUNTIME_UNUSABLE,
              "None of the providers that may run the model \"" + settings_.file + "\" works here. " + reasons,
              "Allow \"cpu\" too, or see framepath doctor and docs/gpu.md.");
}

}  // namespace framepath::infer
