// One ONNX Runtime session: a file, the provider that runs it and the tensors. Not thread-safe: one per worker.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/interrupt.h"
#include "core/view.h"
#include "device/device.h"
#include "infer/graph_info.h"
#include "infer/ort.h"
#include "infer/outputs.h"
#include "infer/provider.h"

namespace framepath::infer {

struct SessionSettings {
  std::string file;
  int32_t intraThreads = 1;
  Precision precision = Precision::fp32;
  // TensorRT: where engines are kept (empty: nowhere), and the input's shapes as "name:1x3x640x640" (empty: not known).
  std::string engineFolder, smallestShape, largestShape;
  std::shared_ptr<Interrupt> interrupt;  // null: not interruptible
};

class Session {
 public:
  // Null and the reason in `refused` when the provider cannot be had for this file. Throws MODEL_INVALID (the runtime
  // cannot read the file), MODEL_UNSUPPORTED (the CPU provider cannot run it), DEVICE_LOST.
  static std::unique_ptr<Session> open(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device,
                                       const SessionSettings& settings, Provider provider, std::string& refused);
  // Facts of a file, independent of the provider. Throws MODEL_INVALID, MODEL_UNSUPPORTED.
  static GraphInfo look(std::shared_ptr<OrtRuntime> runtime, const std::string& file);

  const GraphInfo& graph() const { return graph_; }
  Provider provider() const { return provider_; }
  // Where pictures are: the input lies there. Its queue.
  Device& device() const { return *device_; }
  Queue& queue() const { return *queue_; }
  // Where the model runs and the outputs lie: `device`, or the CPU where only that provider works.
  Device& home() const { return *home_; }

  // Allocates the image input for batches up to `maxBatch`; call before run(). `itemDims` are the dims after the
  // batch. Outputs are allocated once too where a trial run shows that their shape depends on the batch alone. Throws
  // INFERENCE_FAILED, DEVICE_OUT_OF_MEMORY.
  void prepare(int32_t maxBatch, std::vector<int64_t> itemDims);
  int32_t maxBatch() const { return maxBatch_; }
  // The batch as which `items` items, at most maxBatch(), run. The CUDA provider has cuDNN plan every convolution anew
  // whenever the batch changes, which takes longer than any run: there batches are 1, 4, 16, ... or maxBatch(), each
  // run by a runtime session of its own. What lies in the input beyond the items is run too.
  int32_t runSize(int32_t items) const;
  // Where batch item `item` begins in the input tensor (memory of device()).
  void* input(int32_t item) const;
  size_t itemBytes() const { return itemBytes_; }

  // Runs the first `batch` items, in the order of queue(); `batch` is a runSize(). Throws INFERENCE_FAILED,
  // DEVICE_OUT_OF_MEMORY, DEVICE_LOST.
  void run(int32_t batch);
  // Where the outputs of the last run lie until the next one, in memory of home().
  const std::vector<TensorView>& outputs() const { return outputs_; }
  // Output `index` on this side, as floats, until the next run; with `items` > 0 only of the first items. Waits for
  // queue().
  std::span<const float> read(size_t index, int64_t items = 0);

  // The next run gives back what the provider keeps of device memory.
  void shrink();
  // What the provider holds by now counts against the device's budget, for as long as the session lives. Throws
  // DEVICE_OUT_OF_MEMORY.
  void countMemory();

 private:
  struct Binding {
    OrtHandle<OrtValue> input, sizes;
    std::vector<OrtHandle<OrtValue>> outputs;  // preallocated ones; null = the runtime allocates in each run
    OrtHandle<OrtIoBinding> binding;
  };

  Session(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device, const SessionSettings& settings,
          Provider provider);
  std::string append(OrtSessionOptions* options, const SessionSettings& settings) const;
  // Null: the provider cannot be had for this file.
  OrtHandle<OrtSession> create(const OrtSessionOptions* options, std::string& refused) const;
  OrtSession* sessionFor(int32_t batch) const;
  void openSizes();
  void readGraph();
  OrtHandle<OrtRunOptions> makeRunOptions() const;
  std::shared_ptr<void> endOf(OrtRunOptions* options) const;
  Binding& bindingFor(int32_t batch);
  OrtHandle<OrtValue> tensorOver(Memory& memory, const std::vector<int64_t>& dims, GraphType type) const;
  void bindSizes(Binding& binding, int32_t batch);
  std::vector<OrtHandle<OrtValue>> boundOutputs(const Binding& binding) const;
  std::vector<int64_t> dimsOfValue(const OrtValue* value) const;
  void decideOutputs();
  void bringInputHome(int32_t batch);
  uint64_t arenaBytes() const;
  uint64_t arenaBytes(const OrtSession& session) const;

  std::shared_ptr<OrtRuntime> runtime_;
  std::shared_ptr<Device> device_, home_;
  std::string file_;
  Provider provider_;
  GraphInfo graph_;

  int32_t maxBatch_ = 0;
  std::vector<int64_t> itemDims_;
  size_t itemBytes_ = 0;
  std::shared_ptr<Memory> input_;                      // device()
  std::shared_ptr<Memory> homeInput_;                  // the same, where home() is another
  std::vector<int64_t> sizes_;                         // of isSizeInput(): width, height of every item
  std::vector<std::shared_ptr<Memory>> outputMemory_;  // null = the runtime allocates
  std::vector<std::vector<int64_t>> outputItemDims_;   // dims after the batch of preallocated outputs
  std::vector<std::shared_ptr<Memory>> hostMemory_;    // copies where home() is not readable here
  std::vector<std::vector<float>> converted_;
  std::vector<TensorView> outputs_;

  std::shared_ptr<void> budget_;
  std::unique_ptr<Queue> queue_;  // goes before the memory it works on
  OrtHandle<OrtMemoryInfo> memoryInfo_;
  OrtHandle<OrtSessionOptions> options_;
  OrtHandle<OrtSession> session_;                   // for maxBatch_, and for all batches where the size does not matter
  std::map<int32_t, OrtHandle<OrtSession>> sized_;  // for smaller batches
  OrtHandle<OrtRunOptions> runOptions_, shrinking_;
  std::shared_ptr<Interrupt> interrupt_;
  std::shared_ptr<void> runsEnd_, shrinkingRunsEnd_;  // go before what they end
  std::set<OrtSession*> shrinkNext_;
  std::vector<OrtHandle<OrtValue>> runOutputs_;  // what the runtime allocated in the last run
  std::map<int32_t, Binding> bindings_;          // last: they point at everything above
};

}  // namespace framepath::infer
