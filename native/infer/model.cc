#include "infer/model.h"

#include "core/error.h"
#include "infer/head.h"
#include "infer/loaded_model.h"
#include "infer/model_file.h"
#include "infer/provider_fallback.h"
#include "infer/spec.h"

namespace framepath::infer {
namespace {

constexpr int32_t kGpuBatch = 16;

void checkOptions(const ModelOptions& options) {
  if (options.maxBatch < 0 || options.maxBatch > 1024)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a whole number from 0 to 1024 for maxBatch of model \"" +
                                                 options.name + "\" but received " + std::to_string(options.maxBatch) +
                                                 ".");
  if (options.intraThreads < 1 || options.intraThreads > 256)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a whole number from 1 to 256 for intraThreads of model \"" +
                                                 options.name + "\" but received " +
                                                 std::to_string(options.intraThreads) + ".");
}

std::string nameFor(const ModelOptions& options) {
  if (!options.name.empty()) return options.name;
  const size_t slash = options.file.rfind('/');
  return slash == std::string::npos ? options.file : options.file.substr(slash + 1);
}

// The graph with its outputs' dims as the last run gave them.
GraphInfo withRunDims(const Session& session) {
  GraphInfo graph = session.graph();
  for (size_t i = 0; i < graph.outputs.size(); i++) {
    graph.outputs[i].dims = dimsOf(session.outputs()[i]);
    graph.outputs[i].symbols.assign(graph.outputs[i].dims.size(), {});
  }
  return graph;
}

void checkOutputs(const ModelSpec& spec, const GraphInfo& graph) {
  for (const TensorInfo& output : graph.outputs)
    if (output.type == GraphType::other) outputsDoNotFit(spec, graph, "numbers");
  if (isDetectionHead(spec.head)) {
    openHead(spec, graph);
    return;
  }
  if (spec.head == HeadKind::raw) return;
  if (graph.outputs.empty()) outputsDoNotFit(spec, graph, "an output [N,values]");
  const std::vector<int64_t>& dims = graph.outputs.front().dims;
  int64_t values = 1;
  for (size_t i = 1; i < dims.size(); i++) values *= dims[i];
  if (dims.size() < 2 || values < 2 || values > 65536) outputsDoNotFit(spec, graph, "an output [N,values]");
}

}  // namespace

std::shared_ptr<Model> loadModel(std::shared_ptr<Runtime> runtime, std::shared_ptr<Device> device,
                                 const ModelOptions& options) {
  checkOptions(options);
  const std::string name = nameFor(options);
  const std::string sha256 = checkModelFile(options.file);
  auto ortRuntime = std::static_pointer_cast<OrtRuntime>(runtime);
  ProviderFallback fallback(std::move(ortRuntime), std::move(device), options, sha256);
  GraphInfo graph = fallback.look();

  // Where the input is known before the head, a trial run settles output dims that the file leaves open.
  const ModelSpec input = inferInput(graph, options.stated, name);
  const int32_t smallest = input.fixedBatch > 0 ? input.fixedBatch : 1;
  const int32_t most = input.fixedBatch > 0 ? input.fixedBatch : options.maxBatch > 0 ? options.maxBatch : kGpuBatch;
  const bool sized = input.width > 0 && input.height > 0;
  std::unique_ptr<Session> session;
  if (sized) session = fallback.open(graph, smallest, most, itemDims(input));
  ModelSpec spec = inferSpec(session ? withRunDims(*session) : graph, options.stated, name);
  spec.name = name;
  spec.file = options.file;
  spec.sha256 = sha256;
  if (!session) session = fallback.open(graph, smallest, most, itemDims(spec));
  graph = withRunDims(*session);
  checkOutputs(spec, graph);
  if (spec.head == HeadKind::embedding)
    spec.embeddingDims = static_cast<int32_t>(valuesPerItem(session->outputs().front()));

  int32_t batch = smallest;
  if (spec.fixedBatch == 0) {
    const int32_t onCpu = options.maxBatch > 0 ? options.maxBatch : options.cpuBatch;
    if (session->provider() != Provider::cpu)
      batch = fittingBatch(*session, spec, most);
    else if (onCpu > 1)
      batch = chooseBatch(*session, spec, onCpu);
  }
  session->countMemory();
  return std::make_shared<LoadedModel>(options, std::move(spec), std::move(graph), std::move(fallback),
                                       std::move(session), batch);
}

}  // namespace framepath::infer
