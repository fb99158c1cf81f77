#include "infer/session.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "kernels/math.h"

namespace framepath::infer {
namespace {

ONNXTensorElementDataType elementOf(GraphType type) {
  switch (type) {
    case GraphType::float32: return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    case GraphType::float16: return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
    case GraphType::uint8: return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
    case GraphType::int32: return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
    case GraphType::int64: return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
    case GraphType::other: break;
  }
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

size_t product(const std::vector<int64_t>& dims) {
  size_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<size_t>(dim < 0 ? 0 : dim);
  return count;
}

std::vector<int64_t> batched(int32_t batch, const std::vector<int64_t>& itemDims) {
  std::vector<int64_t> dims{batch};
  dims.insert(dims.end(), itemDims.begin(), itemDims.end());
  return dims;
}

}  // namespace

Session::Session(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device, const std::string& file,
                 int32_t intraThreads)
    : runtime_(std::move(runtime)), device_(std::move(device)), queue_(device_->openQueue()), file_(file) {
  const OrtApi& api = *runtime_->api;
  const auto unusable = ErrorCode::RUNTIME_UNUSABLE;
  OrtSessionOptions* rawOptions = nullptr;
  ort(api, api.CreateSessionOptions(&rawOptions), unusable, "Creating session options");
  const OrtHandle<OrtSessionOptions> options = own(api, rawOptions);
  // Parallelism comes from workers and lanes: a session that spins or spreads itself takes their cores away.
  ort(api, api.SetIntraOpNumThreads(options.get(), intraThreads), unusable, "Setting threads");
  ort(api, api.SetInterOpNumThreads(options.get(), 1), unusable, "Setting threads");
  ort(api, api.SetSessionExecutionMode(options.get(), ORT_SEQUENTIAL), unusable, "Setting the execution mode");
  ort(api, api.SetSessionGraphOptimizationLevel(options.get(), ORT_ENABLE_ALL), unusable, "Setting optimisation");
  ort(api, api.AddSessionConfigEntry(options.get(), "session.intra_op.allow_spinning", "0"), unusable,
      "Setting spinning");
  ort(api, api.AddSessionConfigEntry(options.get(), "session.inter_op.allow_spinning", "0"), unusable,
      "Setting spinning");

  OrtMemoryInfo* rawInfo = nullptr;
  switch (device_->id().kind) {
    case DeviceKind::cpu:
      provider_ = "cpu";
      ort(api, api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &rawInfo), unusable,
          "Describing CPU memory");
      break;
    case DeviceKind::cuda:
      throw Error(ErrorCode::DEVICE_UNAVAILABLE,
                  "This build runs models on the CPU only, not on " + device_->id().name() + ".",
                  "Use device \"cpu\" or \"auto\".");
  }
  memoryInfo_ = own(api, rawInfo);

  OrtSession* rawSession = nullptr;
  const std::string message =
      takeMessage(api, api.CreateSession(runtime_->env(), file.c_str(), options.get(), &rawSession));
  if (!message.empty()) {
    const bool unreadable = message.find("Protobuf parsing failed") != std::string::npos ||
                            message.find("INVALID_PROTOBUF") != std::string::npos ||
                            message.find("ModelProto does not have a graph") != std::string::npos;
    if (unreadable)
      throw Error(ErrorCode::MODEL_INVALID, "The model \"" + file + "\" is not ONNX, or it is damaged: " + message,
                  "Fetch or export the file again.");
    throw Error(ErrorCode::MODEL_UNSUPPORTED,
                "ONNX Runtime " + runtime_->info().version + " cannot run the model \"" + file + "\": " + message,
                "Export it for an older opset, or use a newer ONNX Runtime.");
  }
  session_ = own(api, rawSession);
  OrtRunOptions* rawRun = nullptr;
  ort(api, api.CreateRunOptions(&rawRun), unusable, "Creating run options");
  runOptions_ = own(api, rawRun);
  readGraph();
}

void* Session::input(int32_t item) const {
  return static_cast<uint8_t*>(input_->data) + itemBytes_ * static_cast<size_t>(item);
}

OrtHandle<OrtValue> Session::tensorOver(Memory& memory, const std::vector<int64_t>& dims, GraphType type) const {
  const OrtApi& api = *runtime_->api;
  OrtValue* value = nullptr;
  ort(api,
      api.CreateTensorWithDataAsOrtValue(memoryInfo_.get(), memory.data, product(dims) * graphTypeBytes(type),
                                         dims.data(), dims.size(), elementOf(type), &value),
      ErrorCode::INFERENCE_FAILED, "Describing a tensor of \"" + file_ + "\"");
  return own(api, value);
}

void Session::prepare(int32_t maxBatch, std::vector<int64_t> itemDims) {
  bindings_.clear();
  maxBatch_ = maxBatch;
  itemDims_ = std::move(itemDims);
  const TensorInfo& image = graph_.inputs.front();
  itemBytes_ = product(itemDims_) * graphTypeBytes(image.type);
  input_ = device_->allocate(itemBytes_ * static_cast<size_t>(maxBatch), MemoryKind::device);
  const std::vector<uint8_t> zeros(itemBytes_, 0);
  for (int32_t i = 0; i < maxBatch; i++)
    device_->copy(*queue_, input(i), itemBytes_, zeros.data(), itemBytes_, itemBytes_, 1, CopyKind::internal);
  queue_->synchronize();
  const size_t count = graph_.outputs.size();
  outputMemory_.assign(count, nullptr);
  outputItemDims_.assign(count, {});
  hostMemory_.assign(count, nullptr);
  converted_.assign(count, {});
  runOutputs_.clear();
  outputs_.assign(count, {});
  decideOutputs();
}

// Runs the largest batch once with outputs of the runtime's own; those with a shape that the file fixes (but for the
// batch) get memory of ours for all later runs.
void Session::decideOutputs() {
  run(maxBatch_);
  std::vector<std::shared_ptr<Memory>> memory(graph_.outputs.size());
  for (size_t i = 0; i < graph_.outputs.size(); i++) {
    const TensorInfo& info = graph_.outputs[i];
    const std::vector<int64_t>& dims = outputs_[i].dims;
    const bool fixed =
        !info.dims.empty() && std::all_of(info.dims.begin() + 1, info.dims.end(), [](int64_t d) { return d > 0; });
    if (!fixed || dims.size() != info.dims.size() || dims[0] != maxBatch_) continue;
    outputItemDims_[i].assign(dims.begin() + 1, dims.end());
    memory[i] = device_->allocate(product(dims) * graphTypeBytes(info.type), MemoryKind::device);
  }
  bindings_.clear();
  runOutputs_.clear();
  outputMemory_ = std::move(memory);
}

Session::Binding& Session::bindingFor(int32_t batch) {
  const auto found = bindings_.find(batch);
  if (found != bindings_.end()) return found->second;
  const OrtApi& api = *runtime_->api;
  const std::string doing = "Binding the tensors of \"" + file_ + "\"";
  Binding made;
  OrtIoBinding* raw = nullptr;
  ort(api, api.CreateIoBinding(session_.get(), &raw), ErrorCode::INFERENCE_FAILED, doing);
  made.binding = own(api, raw);
  made.input = tensorOver(*input_, batched(batch, itemDims_), graph_.inputs.front().type);
  ort(api, api.BindInput(raw, graph_.inputs.front().name.c_str(), made.input.get()), ErrorCode::INFERENCE_FAILED,
      doing);
  for (size_t i = 0; i < graph_.outputs.size(); i++) {
    const TensorInfo& info = graph_.outputs[i];
    if (!outputMemory_[i]) {
      ort(api, api.BindOutputToDevice(raw, info.name.c_str(), memoryInfo_.get()), ErrorCode::INFERENCE_FAILED, doing);
      made.outputs.push_back(own(api, static_cast<OrtValue*>(nullptr)));
      continue;
    }
    made.outputs.push_back(tensorOver(*outputMemory_[i], batched(batch, outputItemDims_[i]), info.type));
    ort(api, api.BindOutput(raw, info.name.c_str(), made.outputs.back().get()), ErrorCode::INFERENCE_FAILED, doing);
  }
  return bindings_.emplace(batch, std::move(made)).first->second;
}

void Session::run(int32_t batch) {
  const OrtApi& api = *runtime_->api;
  Binding& binding = bindingFor(batch);
  ort(api, api.RunWithBinding(session_.get(), runOptions_.get(), binding.binding.get()), ErrorCode::INFERENCE_FAILED,
      "Running \"" + file_ + "\"");
  const bool own =
      std::all_of(outputMemory_.begin(), outputMemory_.end(), [](const auto& memory) { return memory != nullptr; });
  if (!own) runOutputs_ = boundOutputs(binding);
  for (size_t i = 0; i < graph_.outputs.size(); i++) {
    const TensorInfo& info = graph_.outputs[i];
    if (outputMemory_[i]) {
      outputs_[i].dims = batched(batch, outputItemDims_[i]);
      readOutput(i, outputMemory_[i]->data, info.type);
      continue;
    }
    outputs_[i].dims = dimsOf(runOutputs_[i].get());
    void* data = nullptr;
    ort(api, api.GetTensorMutableData(runOutputs_[i].get(), &data), ErrorCode::INFERENCE_FAILED, "Reading an output");
    readOutput(i, data, info.type);
  }
}

// Output `index` lies in device memory; leaves it as floats on the host.
void Session::readOutput(size_t index, const void* deviceData, GraphType type) {
  OutputView& view = outputs_[index];
  const size_t count = view.count();
  const size_t bytes = count * graphTypeBytes(type);
  const void* host = deviceData;
  if (device_->id().kind != DeviceKind::cpu && bytes) {
    if (!hostMemory_[index] || hostMemory_[index]->bytes < bytes)
      hostMemory_[index] = device_->allocate(bytes, MemoryKind::host);
    device_->copy(*queue_, hostMemory_[index]->data, bytes, deviceData, bytes, bytes, 1, CopyKind::d2hResults);
    queue_->synchronize();
    host = hostMemory_[index]->data;
  }
  if (type == GraphType::float32) {
    view.data = static_cast<const float*>(host);
    return;
  }
  std::vector<float>& floats = converted_[index];
  floats.resize(count);
  switch (type) {
    case GraphType::float16:
      for (size_t i = 0; i < count; i++) floats[i] = floatFromHalf(static_cast<const uint16_t*>(host)[i]);
      break;
    case GraphType::uint8:
      for (size_t i = 0; i < count; i++) floats[i] = static_cast<const uint8_t*>(host)[i];
      break;
    case GraphType::int32:
      for (size_t i = 0; i < count; i++) floats[i] = static_cast<float>(static_cast<const int32_t*>(host)[i]);
      break;
    case GraphType::int64:
      for (size_t i = 0; i < count; i++) floats[i] = static_cast<float>(static_cast<const int64_t*>(host)[i]);
      break;
    case GraphType::float32:
    case GraphType::other: break;
  }
  view.data = floats.data();
}

}  // namespace framepath::infer
