#include "infer/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "kernels/fill.h"
#include "kernels/tensor.h"

namespace framepath::infer {
namespace {

ONNXTensorElementDataType ortElementOf(GraphType type) {
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

// A tensor of a type that nothing here reads has no data.
TensorView viewOf(void* data, GraphType type, const std::vector<int64_t>& dims) {
  TensorView view;
  view.data = type == GraphType::other ? nullptr : data;
  view.type = elementOf(type);
  view.rank = static_cast<int32_t>(std::min(dims.size(), std::size(view.dims)));
  std::copy_n(dims.begin(), view.rank, view.dims);
  return view;
}

}  // namespace

void* Session::input(int32_t item) const {
  return static_cast<uint8_t*>(input_->data) + itemBytes_ * static_cast<size_t>(item);
}

OrtHandle<OrtValue> Session::tensorOver(Memory& memory, const std::vector<int64_t>& dims, GraphType type) const {
  const OrtApi& api = *runtime_->api;
  OrtValue* value = nullptr;
  ort(api,
      api.CreateTensorWithDataAsOrtValue(memoryInfo_.get(), memory.data, product(dims) * graphTypeBytes(type),
                                         dims.data(), dims.size(), ortElementOf(type), &value),
      ErrorCode::INFERENCE_FAILED, "Describing a tensor of \"" + file_ + "\"");
  return own(api, value);
}

int32_t Session::runSize(int32_t items) const {
  if (sized_.empty()) return items;
  const auto size = sized_.lower_bound(items);
  return size == sized_.end() ? maxBatch_ : size->first;
}

OrtSession* Session::sessionFor(int32_t batch) const {
  const auto sized = sized_.find(batch);
  return sized == sized_.end() ? session_.get() : sized->second.get();
}

void Session::prepare(int32_t maxBatch, std::vector<int64_t> itemDims) {
  bindings_.clear();
  runOutputs_.clear();
  for (const auto& [batch, session] : sized_) shrinkNext_.erase(session.get());
  sized_.clear();
  maxBatch_ = maxBatch;
  itemDims_ = std::move(itemDims);
  sizes_.clear();
  for (int32_t i = 0; i < maxBatch && itemDims_.size() == 3; i++)
    sizes_.insert(sizes_.end(), {itemDims_[2], itemDims_[1]});
  itemBytes_ = product(itemDims_) * graphTypeBytes(graph_.inputs.front().type);
  const size_t bytes = itemBytes_ * static_cast<size_t>(maxBatch);
  input_.reset();
  homeInput_.reset();
  input_ = device_->allocate(bytes, MemoryKind::device);
  if (home_ != device_) homeInput_ = device_->allocate(bytes, MemoryKind::host);
  const auto width = static_cast<int32_t>(itemBytes_);
  launch(*device_, *queue_, FillArgs{{static_cast<uint8_t*>(input_->data), width}, width, maxBatch, 0},
         {width, maxBatch, 1});
  const size_t count = graph_.outputs.size();
  outputMemory_.assign(count, nullptr);
  outputItemDims_.assign(count, {});
  hostMemory_.assign(count, nullptr);
  converted_.assign(count, {});
  outputs_.assign(count, {});
  decideOutputs();
  openSizes();
}

// Each has its first run here, where planning delays no frame.
void Session::openSizes() {
  const std::vector<int64_t>& dims = graph_.inputs.front().dims;
  if (provider_ != Provider::cuda || dims.empty() || dims.front() > 0) return;
  for (int32_t batch = 1; batch < maxBatch_; batch *= 4) {
    std::string refused;
    OrtHandle<OrtSession> session = create(options_.get(), refused);
    if (!session) throw Error(ErrorCode::INFERENCE_FAILED, "Opening \"" + file_ + "\" once more: " + refused);
    sized_.emplace(batch, std::move(session));
    run(batch);
  }
  if (sized_.empty()) return;
  run(maxBatch_);  // its outputs are inspected next
  queue_->synchronize();
}

// Runs the largest batch once with outputs of the runtime's own; those with a shape that the file fixes (but for the
// batch) get memory of ours for all later runs.
void Session::decideOutputs() {
  run(maxBatch_);
  queue_->synchronize();
  std::vector<std::shared_ptr<Memory>> memory(graph_.outputs.size());
  for (size_t i = 0; i < graph_.outputs.size(); i++) {
    const TensorInfo& info = graph_.outputs[i];
    const std::vector<int64_t> dims = dimsOf(outputs_[i]);
    const bool fixed =
        !info.dims.empty() && std::all_of(info.dims.begin() + 1, info.dims.end(), [](int64_t d) { return d > 0; });
    if (!fixed || dims.size() != info.dims.size() || dims[0] != maxBatch_) continue;
    outputItemDims_[i].assign(dims.begin() + 1, dims.end());
    memory[i] = home_->allocate(product(dims) * graphTypeBytes(info.type), MemoryKind::device);
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
  ort(api, api.CreateIoBinding(sessionFor(batch), &raw), ErrorCode::INFERENCE_FAILED, doing);
  made.binding = own(api, raw);
  made.input = tensorOver(homeInput_ ? *homeInput_ : *input_, batched(batch, itemDims_), graph_.inputs.front().type);
  ort(api, api.BindInput(raw, graph_.inputs.front().name.c_str(), made.input.get()), ErrorCode::INFERENCE_FAILED,
      doing);
  if (graph_.inputs.size() > 1) bindSizes(made, batch);
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

// From host memory: a provider elsewhere fetches it when it is bound.
void Session::bindSizes(Binding& binding, int32_t batch) {
  const OrtApi& api = *runtime_->api;
  const std::string doing = "Binding the sizes of \"" + file_ + "\"";
  OrtMemoryInfo* raw = nullptr;
  ort(api, api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &raw), ErrorCode::INFERENCE_FAILED, doing);
  const OrtHandle<OrtMemoryInfo> host = own(api, raw);
  const std::vector<int64_t> dims{batch, 2};
  OrtValue* value = nullptr;
  ort(api,
      api.CreateTensorWithDataAsOrtValue(host.get(), sizes_.data(), product(dims) * sizeof(int64_t), dims.data(),
                                         dims.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, &value),
      ErrorCode::INFERENCE_FAILED, doing);
  binding.sizes = own(api, value);
  ort(api, api.BindInput(binding.binding.get(), graph_.inputs[1].name.c_str(), value), ErrorCode::INFERENCE_FAILED,
      doing);
}

// Where only the CPU can run the model, its input is the one picture that crosses.
void Session::bringInputHome(int32_t batch) {
  if (!homeInput_) return;
  const size_t bytes = itemBytes_ * static_cast<size_t>(batch);
  device_->copy(*queue_, homeInput_->data, bytes, input_->data, bytes, bytes, 1, CopyKind::d2hImage);
  queue_->synchronize();
}

void Session::run(int32_t batch) {
  const OrtApi& api = *runtime_->api;
  Binding& binding = bindingFor(batch);
  bringInputHome(batch);
  OrtSession* const session = sessionFor(batch);
  const OrtRunOptions* options = shrinkNext_.erase(session) ? shrinking_.get() : runOptions_.get();
  ort(api, api.RunWithBinding(session, options, binding.binding.get()), ErrorCode::INFERENCE_FAILED,
      "Running \"" + file_ + "\"");
  const bool own =
      std::all_of(outputMemory_.begin(), outputMemory_.end(), [](const auto& memory) { return memory != nullptr; });
  if (!own) runOutputs_ = boundOutputs(binding);
  for (size_t i = 0; i < graph_.outputs.size(); i++) {
    const GraphType type = graph_.outputs[i].type;
    if (outputMemory_[i]) {
      outputs_[i] = viewOf(outputMemory_[i]->data, type, batched(batch, outputItemDims_[i]));
      continue;
    }
    void* data = nullptr;
    ort(api, api.GetTensorMutableData(runOutputs_[i].get(), &data), ErrorCode::INFERENCE_FAILED, "Reading an output");
    outputs_[i] = viewOf(data, type, dimsOfValue(runOutputs_[i].get()));
  }
}

void Session::shrink() {
  if (provider_ == Provider::cpu) return;
  if (!shrinking_) {
    shrinking_ = makeRunOptions();
    shrinkingRunsEnd_ = endOf(shrinking_.get());
    const std::string arena = "gpu:" + std::to_string(home_->id().index);
    ort(*runtime_->api,
        runtime_->api->AddRunConfigEntry(shrinking_.get(), "memory.enable_memory_arena_shrinkage", arena.c_str()),
        ErrorCode::INFERENCE_FAILED, "Setting run options");
  }
  shrinkNext_.insert(session_.get());
  for (const auto& [batch, session] : sized_) shrinkNext_.insert(session.get());
}

std::span<const float> Session::read(size_t index, int64_t items) {
  TensorView view = outputs_[index];
  if (items > 0 && view.rank > 0) view.dims[0] = std::min(view.dims[0], items);
  const auto count = static_cast<size_t>(valuesOf(view));
  const size_t bytes = count * elementBytes(view.type);
  if (home_->id().kind != DeviceKind::cpu && bytes) {
    if (!hostMemory_[index] || hostMemory_[index]->bytes < bytes)
      hostMemory_[index] = home_->allocate(bytes, MemoryKind::host);
    home_->copy(*queue_, hostMemory_[index]->data, bytes, view.data, bytes, bytes, 1, CopyKind::d2hResults);
    queue_->synchronize();
    view.data = hostMemory_[index]->data;
  }
  if (view.type == ElementType::float32) return {static_cast<const float*>(view.data), count};
  toFloats(view, converted_[index]);
  return converted_[index];
}

}  // namespace framepath::infer
