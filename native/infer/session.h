// One ONNX Runtime session with its tensors on one device. Not thread-safe: one per worker.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/view.h"
#include "device/device.h"
#include "infer/graph_info.h"
#include "infer/ort.h"
#include "infer/output_view.h"

namespace framepath::infer {

class Session {
 public:
  // Throws MODEL_INVALID (the runtime cannot read it), MODEL_UNSUPPORTED (it cannot run it), DEVICE_UNAVAILABLE.
  Session(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device, const std::string& file,
          int32_t intraThreads);

  const GraphInfo& graph() const { return graph_; }
  const std::string& provider() const { return provider_; }
  Device& device() const { return *device_; }
  Queue& queue() const { return *queue_; }

  // Allocates the image input for batches up to `maxBatch`; call once, before run(). `itemDims` are the dims after the
  // batch. Outputs are allocated once too where a trial run shows that their shape depends on the batch alone.
  void prepare(int32_t maxBatch, std::vector<int64_t> itemDims);
  int32_t maxBatch() const { return maxBatch_; }
  // Where batch item `item` begins in the input tensor (device memory).
  void* input(int32_t item) const;
  size_t itemBytes() const { return itemBytes_; }

  // Runs the first `batch` items and makes the outputs readable. Throws INFERENCE_FAILED, DEVICE_OUT_OF_MEMORY.
  void run(int32_t batch);
  const std::vector<OutputView>& outputs() const { return outputs_; }

 private:
  struct Binding {
    OrtHandle<OrtValue> input;
    std::vector<OrtHandle<OrtValue>> outputs;  // preallocated ones; null = the runtime allocates in each run
    OrtHandle<OrtIoBinding> binding;
  };

  void readGraph();
  Binding& bindingFor(int32_t batch);
  OrtHandle<OrtValue> tensorOver(Memory& memory, const std::vector<int64_t>& dims, GraphType type) const;
  std::vector<OrtHandle<OrtValue>> boundOutputs(const Binding& binding) const;
  std::vector<int64_t> dimsOf(const OrtValue* value) const;
  void decideOutputs();
  void readOutput(size_t index, const void* deviceData, GraphType type);

  std::shared_ptr<OrtRuntime> runtime_;
  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  std::string file_, provider_;
  OrtHandle<OrtMemoryInfo> memoryInfo_;
  OrtHandle<OrtSession> session_;
  OrtHandle<OrtRunOptions> runOptions_;
  GraphInfo graph_;

  int32_t maxBatch_ = 0;
  std::vector<int64_t> itemDims_;
  size_t itemBytes_ = 0;
  std::shared_ptr<Memory> input_;
  std::vector<std::shared_ptr<Memory>> outputMemory_;  // null = the runtime allocates
  std::vector<std::vector<int64_t>> outputItemDims_;   // dims after the batch of preallocated outputs
  std::vector<std::shared_ptr<Memory>> hostMemory_;    // copies where device memory is not readable here
  std::vector<std::vector<float>> converted_;
  std::vector<OrtHandle<OrtValue>> runOutputs_;  // what the runtime allocated in the last run
  std::vector<OutputView> outputs_;
  std::map<int32_t, Binding> bindings_;  // last: they point at everything above
};

}  // namespace framepath::infer
