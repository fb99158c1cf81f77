// Opening a session with one provider.
#include "core/error.h"
#include "infer/session.h"

namespace framepath::infer {
namespace {

constexpr auto kUnusable = ErrorCode::RUNTIME_UNUSABLE;

OrtHandle<OrtSessionOptions> sessionOptions(const OrtApi& api, int32_t intraThreads, GraphOptimizationLevel level) {
  OrtSessionOptions* raw = nullptr;
  ort(api, api.CreateSessionOptions(&raw), kUnusable, "Creating session options");
  OrtHandle<OrtSessionOptions> options = own(api, raw);
  // Parallelism comes from workers and lanes: a session that spins or spreads itself takes their cores away.
  ort(api, api.SetIntraOpNumThreads(raw, intraThreads), kUnusable, "Setting threads");
  ort(api, api.SetInterOpNumThreads(raw, 1), kUnusable, "Setting threads");
  ort(api, api.SetSessionExecutionMode(raw, ORT_SEQUENTIAL), kUnusable, "Setting the execution mode");
  ort(api, api.SetSessionGraphOptimizationLevel(raw, level), kUnusable, "Setting optimisation");
  ort(api, api.AddSessionConfigEntry(raw, "session.intra_op.allow_spinning", "0"), kUnusable, "Setting spinning");
  ort(api, api.AddSessionConfigEntry(raw, "session.inter_op.allow_spinning", "0"), kUnusable, "Setting spinning");
  return options;
}

std::shared_ptr<Device> homeOf(Provider provider, const std::shared_ptr<Device>& device) {
  if (provider != Provider::cpu || device->id().kind == DeviceKind::cpu) return device;
  return openDevice("cpu");
}

}  // namespace

Session::Session(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device, const SessionSettings& settings,
                 Provider provider)
    : runtime_(std::move(runtime)),
      device_(std::move(device)),
      home_(homeOf(provider, device_)),
      file_(settings.file),
      provider_(provider),
      queue_(device_->openQueue()) {
  const OrtApi& api = *runtime_->api;
  OrtMemoryInfo* raw = nullptr;
  switch (home_->id().kind) {
    case DeviceKind::cpu:
      ort(api, api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &raw), kUnusable,
          "Describing CPU memory");
      break;
    case DeviceKind::cuda:
      ort(api, api.CreateMemoryInfo("Cuda", OrtDeviceAllocator, home_->id().index, OrtMemTypeDefault, &raw), kUnusable,
          "Describing GPU memory");
      break;
  }
  memoryInfo_ = own(api, raw);
  runOptions_ = makeRunOptions();
  interrupt_ = settings.interrupt;
  runsEnd_ = endOf(runOptions_.get());
}

// Runs with these options end soon after the interrupt, between two nodes of the graph.
std::shared_ptr<void> Session::endOf(OrtRunOptions* options) const {
  if (!interrupt_) return nullptr;
  return interrupt_->on(
      [runtime = runtime_, options] { takeMessage(*runtime->api, runtime->api->RunOptionsSetTerminate(options)); });
}

OrtHandle<OrtRunOptions> Session::makeRunOptions() const {
  const OrtApi& api = *runtime_->api;
  OrtRunOptions* raw = nullptr;
  ort(api, api.CreateRunOptions(&raw), kUnusable, "Creating run options");
  OrtHandle<OrtRunOptions> options = own(api, raw);
  if (provider_ != Provider::cpu)  // a run only enqueues: what follows it is on the same queue
    ort(api, api.AddRunConfigEntry(raw, "disable_synchronize_execution_providers", "1"), kUnusable,
        "Setting run options");
  return options;
}

// Empty, or why the provider is not to be had.
std::string Session::append(OrtSessionOptions* options, const SessionSettings& settings) const {
  if (provider_ == Provider::cpu) return {};
  ProviderSetting setting;
  setting.device = device_->id().index;
  setting.queue = queue_->native();
  const DeviceMemory memory = device_->memory();
  if (memory.limit) setting.memoryLimit = memory.limit > memory.used ? memory.limit - memory.used : 1;
  setting.precision = settings.precision;
  setting.cacheFolder = settings.engineFolder;
  setting.smallest = settings.smallestShape;
  setting.largest = settings.largestShape;
  if (provider_ == Provider::cuda) return appendCuda(*runtime_, options, setting);
  std::string why = appendTensorrt(*runtime_, options, setting);
  if (!why.empty()) return why;
  (void)appendCuda(*runtime_, options, setting);  // for what TensorRT does not know
  return {};
}

OrtHandle<OrtSession> Session::create(const OrtSessionOptions* options, std::string& refused) const {
  OrtSession* raw = nullptr;
  const std::string message =
      takeMessage(*runtime_->api, runtime_->api->CreateSession(runtime_->env(), file_.c_str(), options, &raw));
  if (message.empty()) return own(*runtime_->api, raw);
  const bool unreadable = message.find("Protobuf parsing failed") != std::string::npos ||
                          message.find("INVALID_PROTOBUF") != std::string::npos ||
                          message.find("ModelProto does not have a graph") != std::string::npos;
  if (unreadable)
    throw Error(ErrorCode::MODEL_INVALID, "The model \"" + file_ + "\" is not ONNX, or it is damaged: " + message,
                "Fetch or export the file again.");
  if (provider_ == Provider::cpu)
    throw Error(ErrorCode::MODEL_UNSUPPORTED,
                "ONNX Runtime " + runtime_->info().version + " cannot run the model \"" + file_ + "\": " + message,
                "Export it for an older opset, or use a newer ONNX Runtime.");
  if (provider_ == Provider::cuda && deviceTrouble(message))
    failed(message, ErrorCode::MODEL_UNSUPPORTED, "Opening \"" + file_ + "\"");
  refused = message;
  return own(*runtime_->api, raw);
}

std::unique_ptr<Session> Session::open(std::shared_ptr<OrtRuntime> runtime, std::shared_ptr<Device> device,
                                       const SessionSettings& settings, Provider provider, std::string& refused) {
  OrtHandle<OrtSessionOptions> options = sessionOptions(*runtime->api, settings.intraThreads, ORT_ENABLE_ALL);
  std::unique_ptr<Session> session(new Session(std::move(runtime), std::move(device), settings, provider));
  refused = session->append(options.get(), settings);
  if (refused.empty()) {
    std::shared_ptr<void> loadEnds;
    if (const OrtApi* api = session->runtime_->statsApi; api && settings.interrupt)  // since 1.22
      loadEnds = settings.interrupt->on(
          [api, raw = options.get()] { takeMessage(*api, api->SessionOptionsSetLoadCancellationFlag(raw, true)); });
    session->session_ = session->create(options.get(), refused);
  }
  session->options_ = std::move(options);
  if (!refused.empty()) return nullptr;
  session->readGraph();
  return session;
}

GraphInfo Session::look(std::shared_ptr<OrtRuntime> runtime, const std::string& file) {
  const OrtHandle<OrtSessionOptions> options = sessionOptions(*runtime->api, 1, ORT_DISABLE_ALL);
  SessionSettings settings;
  settings.file = file;
  Session session(std::move(runtime), openDevice("cpu"), settings, Provider::cpu);
  std::string refused;
  session.session_ = session.create(options.get(), refused);
  session.readGraph();
  return session.graph_;
}

}  // namespace framepath::infer
