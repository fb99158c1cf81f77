// A model is a file plus a spec. The spec is inferred from the file where it can be, and can be stated.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "core/interrupt.h"
#include "core/view.h"
#include "device/device.h"
#include "generated/infer_enums.h"
#include "generated/module_defaults.h"
#include "infer/runtime.h"

namespace framepath::infer {

// What a model is used for. It decides the head where the file shows none (`raw`: whatever the file shows), and whether
// the metric and threshold of its embeddings must be known.
enum class ModelUse : uint8_t { any, detect, classify, classifyBoxes, embed, raw };

// What the caller states; what is absent is inferred.
struct StatedSpec {
  ModelUse use = ModelUse::any;
  std::string head;                 // a name of HeadKind
  std::string layout;               // nchw | nhwc
  std::string color;                // rgb | bgr
  std::string resize;               // letterbox | letterbox-top-left | stretch | center-crop
  std::string align;                // embedding: dlib | arcface | none
  std::string metric;               // embedding: l2 | cosine, how its embeddings are compared
  std::optional<double> threshold;  // embedding: same person below this distance (l2) or above this cosine
  std::vector<double> mean, scale;  // input = (pixel - mean) * scale, pixel in 0..255; 1 or 3 values
  std::vector<int64_t> size;        // width, height, for models with dynamic size
  std::vector<std::string> labels;
  std::optional<double> pad;  // pixel value of the letterbox border, before mean and scale
  std::optional<double> scoreThreshold, iouThreshold;
  std::optional<int32_t> topK;  // classification
};

struct ModelSpec {
  std::string name;  // registry name or file name
  std::string file;
  std::string sha256;  // of the file
  HeadKind head = HeadKind::raw;
  TensorLayout layout = TensorLayout::nchw;
  bool bgr = false;
  Resize resize = Resize::letterboxCenter;
  std::string align = "none";
  std::string metric;   // embedding: l2 | cosine; empty = not stated
  float threshold = 0;  // of that metric; 0 = not stated
  std::array<float, 3> mean{0, 0, 0}, scale{1, 1, 1};
  float pad = 0;
  float cropFraction = 1;  // center-crop: the part of the short side that is kept
  int32_t channels = 3;    // 1 = luma
  int32_t width = 0, height = 0;
  int32_t fixedBatch = 0;  // 0 = dynamic
  std::vector<std::string> labels;
  float scoreThreshold = 0.5f, iouThreshold = 0.45f;
  int32_t topK = 5;
  int32_t embeddingDims = 0;
  std::vector<std::string> fixes;  // graph fixes noted in the file's metadata ("framepath.fixes")
  std::string sourceSha256;        // of the file before those fixes; empty = not stated
};

// Which of ONNX Runtime's providers may run a model on a GPU. On the CPU there is only one.
struct ProviderChoice {
  std::vector<std::string> order;          // tensorrt | cuda | cpu, the first that works is used; empty: all of them
  std::map<std::string, std::string> off;  // those that must not be tried here, and why
  std::string cacheFolder;                 // engines that TensorRT built are kept below it; empty: not kept
};

struct ModelOptions {
  std::string name;
  std::string file;
  StatedSpec stated;
  // Upper bounds. On the CPU only batches that gave the bits of batch 1 at load are used; on a GPU those that its
  // memory holds. 0 = 16 on a GPU, `cpuBatch` on the CPU.
  int32_t maxBatch = 1;
  int32_t cpuBatch = 1;
  int32_t intraThreads = 1;
  ProviderChoice providers;
  std::string precision = nameOf(defaults::ModelFileSpec::precision);  // fp32 | tf32 | fp16, on a GPU
  // Called when the model went on in another way than asked for: what happened, and why. From any thread.
  std::function<void(const std::string& what, const std::string& reason)> recovered;
  std::shared_ptr<Interrupt> interrupt;  // ends loading and running, which then fail; null: nothing does
};

// A provider that was tried before the one that runs a model, and why it was not that one.
struct RefusedProvider {
  std::string provider;
  std::string reason;
};

// A loaded model: immutable, thread-safe; workers open their own sessions from it (detector.h, embedder.h ...).
class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelSpec& spec() const = 0;
  virtual std::string provider() const = 0;  // cpu | cuda | tensorrt
  virtual const std::vector<RefusedProvider>& refusedProviders() const = 0;
  // The largest batch workers run: fixedBatch, or the largest up to maxBatch that is safe on this device (on the CPU a
  // power of two).
  virtual int32_t batch() const = 0;
};

// Reads the file, infers the spec, opens and warms one session. Throws MODEL_NOT_FOUND, MODEL_INVALID (not ONNX; names
// what it is), MODEL_SPEC_NEEDED (what was found, what to state), MODEL_UNSUPPORTED (inputs or outputs do not fit the
// head), INVALID_ARGUMENT (unknown head or option), RUNTIME_UNUSABLE (no requested provider works),
// DEVICE_OUT_OF_MEMORY (it does not fit).
std::shared_ptr<Model> loadModel(std::shared_ptr<Runtime> runtime, std::shared_ptr<Device> device,
                                 const ModelOptions& options);

}  // namespace framepath::infer
