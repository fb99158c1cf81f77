// Everything that can go wrong with a GPU, in simulation: how far the probe comes, each call failing in turn, loss.
#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "device/image.h"
#include "device/probe.h"
#include "simulated.h"

namespace framepath {
namespace {

namespace fs = std::filesystem;
using test::simulator;

// What a user sees: the probe, and what "auto" and "cuda:0" give.
int printProbe() {
  const DeviceProbe probe = probeCuda();
  for (const ProbeStep& step : probe.steps)
    std::printf("%s: %s: %s [%s]\n", step.name.c_str(), step.works ? "ok" : "failed", step.found.c_str(),
                step.hint.c_str());
  std::printf("usable: %d\n", probe.usable());
  const auto best = openDevice("auto");
  std::printf("auto: %s [%s]\n", best->id().name().c_str(), best->fallbackReason().c_str());
  try {
    std::printf("cuda:0: %s\n", openDevice("cuda:0")->description().c_str());
  } catch (const Error& error) {
    std::printf("cuda:0: %s\n", std::string(errorCodeName(error.code)).c_str());
  }
  return 0;
}

// printProbe in a fresh process (the loader reads LD_LIBRARY_PATH at its start) with more environment.
std::string probed(const std::vector<std::string>& environment) {
  std::string command = "env";
  for (const std::string& one : environment) command += " '" + one + "'";
  command += " '" + fs::read_symlink("/proc/self/exe").string() + "' --probe 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer;
  for (size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), n);
  if (const int status = pclose(pipe)) text += "exit status " + std::to_string(status);
  return text;
}

void mustContain(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    if (text.find(part) == std::string::npos)
      check::fail(__FILE__, __LINE__, "expected \"" + std::string(part) + "\" in\n" + text);
}

TEST(without_a_driver_auto_is_the_cpu_and_nobody_is_bothered) {
  const std::string text = probed({"LD_LIBRARY_PATH="});
  if (text.find("usable: 1") != std::string::npos) return test::skip("there is a real GPU");
  mustContain(text, {"driver library: failed", "usable: 0", "auto: cpu []", "cuda:0: DEVICE_UNAVAILABLE"});
}

TEST(a_broken_driver_library_is_an_error) {
  std::string folder = (fs::temp_directory_path() / "framepath-driver-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  std::ofstream(fs::path(folder) / "libcuda.so.1") << "no library";
  mustContain(probed({"LD_LIBRARY_PATH=" + folder}), {"driver library: failed", "usable: 0", "auto: cpu"});
  fs::remove_all(folder);
}

TEST(the_probe_reports_the_step_that_fails_and_what_to_do) {
  if (!simulator().present()) return test::skip("there is no simulated GPU (scripts/with-simulator)");
  mustContain(probed({}), {"libcuda.so.1", "driver: ok: CUDA 13.0", "device: ok: Simulated GPU, compute capability 9.0",
                           "kernels: ok: ", "usable: 1", "auto: cuda:0 []", "cuda:0: Simulated GPU"});
  mustContain(probed({"FRAMEPATH_SIM_INIT=100"}), {"driver: failed", "CUDA_ERROR_NO_DEVICE (100", "nvidia-smi",
                                                   "auto: cpu []", "cuda:0: DEVICE_UNAVAILABLE"});
  mustContain(probed({"FRAMEPATH_SIM_INIT=999"}), {"driver: failed", "CUDA_ERROR_UNKNOWN (999", "nvidia-modprobe",
                                                   "auto: cpu [The NVIDIA driver does not start"});
  mustContain(probed({"FRAMEPATH_SIM_DEVICES=0"}), {"CUDA_ERROR_NO_DEVICE", "auto: cpu []"});
  mustContain(probed({"FRAMEPATH_SIM_DRIVER=9020"}), {"driver: failed", "supports CUDA 9.2, 10.1 is needed", "418",
                                                      "auto: cpu [The NVIDIA driver is too old"});
  mustContain(probed({"FRAMEPATH_SIM_CAPABILITY=61"}),
              {"device: failed", "6.1", "Turing", "auto: cpu [cuda:0 (Simulated GPU) has compute capability 6.1"});
  mustContain(probed({"FRAMEPATH_SIM_FAIL=cuDevicePrimaryCtxRetain:1+:46"}), {"kernels: failed", "exclusively"});
  mustContain(probed({"FRAMEPATH_SIM_FAIL=cuDevicePrimaryCtxRetain:1+:2"}),
              {"kernels: failed", "CUDA_ERROR_OUT_OF_MEMORY", "cuda:0: DEVICE_OUT_OF_MEMORY"});
}

TEST(images_are_tried_in_turn_and_each_cause_is_named) {
  if (!simulator().present()) return test::skip("there is no simulated GPU (scripts/with-simulator)");
  const bool fatbin = probed({}).find("kernels: ok: fatbin") != std::string::npos;
  if (fatbin)
    mustContain(probed({"FRAMEPATH_SIM_FAIL=cuModuleLoadDataEx:1:209"}),
                {"kernels: ok: PTX (fatbin: it has no code for this GPU, CUDA_ERROR_NO_BINARY_FOR_GPU (209"});
  const std::pair<const char*, const char*> causes[] = {{"221", "libnvidia-ptxjitcompiler.so.1"},
                                                        {"222", "newer than the driver"},
                                                        {"218", "cannot read"},
                                                        {"209", "no code"}};
  for (const auto& [result, cause] : causes)
    mustContain(probed({std::string("FRAMEPATH_SIM_FAIL=cuModuleLoadDataEx:1+:") + result}),
                {"kernels: failed: No kernels load on cuda:0.", "PTX: ", cause, result, "usable: 0",
                 "auto: cpu [No kernels", "cuda:0: DEVICE_UNAVAILABLE"});
  mustContain(probed({"FRAMEPATH_SIM_FAIL=cuModuleGetFunction:1+:500"}), {"kernels: failed", "in framepath_fill"});
}

// A little of everything that the device does, on any device: two queues, both kinds of memory, all directions.
std::vector<uint8_t> work(const std::string& name) {
  std::vector<uint8_t> picture(60 * 40),
      result(2 * picture.size());  // outlive the queues, whose last copies may be late
  const auto device = openDevice(name);
  const auto first = device->openQueue(), second = device->openQueue();
  for (size_t i = 0; i < picture.size(); i++) picture[i] = static_cast<uint8_t>(i * 7);
  const auto reserved = device->reserve(1 << 20, "a model");
  const Image image = allocateImage(*device, pixelFormat::gray8, 60, 40),
              turned = allocateImage(*device, pixelFormat::gray8, 40, 60);
  const auto host = device->allocate(picture.size(), MemoryKind::host);
  const Plane from = image.view.planes[0], to = turned.view.planes[0];
  device->copy(*first, from.data, from.pitchBytes, picture.data(), 60, 60, 40, CopyKind::h2dImage);
  launch(*device, *first, RotateArgs{from, to, 60, 40, 1, 1}, Grid{40, 60, 1});
  const Fence turning = first->record();
  second->wait(turning);
  device->copy(*second, host->data, 40, to.data, to.pitchBytes, 40, 60, CopyKind::d2hImage);
  waitHost(second->record());
  std::memcpy(result.data(), host->data, picture.size());
  launch(*device, *first, FillArgs{to, 40, 30, 9}, Grid{40, 30, 1});
  const auto whole = device->allocate(picture.size(), MemoryKind::device);
  device->copy(*first, whole->data, 40, to.data, to.pitchBytes, 40, 60, CopyKind::internal);
  device->copy(*first, host->data, picture.size(), whole->data, picture.size(), picture.size(), 1,
               CopyKind::d2hResults);
  device->copy(*first, whole->data, picture.size(), whole->data, picture.size(), 1, 1, CopyKind::internal);
  first->synchronize();
  while (turning && !turning->done()) continue;
  std::memcpy(result.data() + picture.size(), host->data, picture.size());
  device->trim();
  return result;
}

constexpr const char* kCalls[] = {
#define FRAMEPATH_CUDA_NAME(name, parameters) #name,
    FRAMEPATH_CUDA_CALLS(FRAMEPATH_CUDA_NAME)
#undef FRAMEPATH_CUDA_NAME
};

// Calls that take something away, or that taking away needs: when they fail, something is left.
bool takesAway(const std::string& call) {
  return call.find("Free") != std::string::npos || call.find("Destroy") != std::string::npos ||
         call.find("Unload") != std::string::npos || call.find("Release") != std::string::npos ||
         call.find("Ctx") != std::string::npos;
}

// One call answers `result`: either nobody notices and the work is right, or a coded error comes, once and for all if
// the GPU is lost. Nothing crashes, hangs or leaks.
void oneFailure(const std::vector<uint8_t>& expected, const std::string& call, long long at, cuda::Result result) {
  simulator().fail((call + ":" + std::to_string(at) + ":" + std::to_string(result)).c_str());
  const bool lost = cuda::isSticky(result) && call != "cuInit";
  try {
    const std::vector<uint8_t> got = work("cuda:0");
    if (got != expected) check::fail(__FILE__, __LINE__, "wrong bytes");
  } catch (const Error& error) {
    const bool coded = error.code == ErrorCode::DEVICE_UNAVAILABLE || error.code == ErrorCode::DEVICE_OUT_OF_MEMORY ||
                       error.code == ErrorCode::DEVICE_LOST;
    if (!coded || error.hint.empty() || lost != (error.code == ErrorCode::DEVICE_LOST))
      check::fail(__FILE__, __LINE__, std::string(errorCodeName(error.code)) + ": " + error.sentence);
  }
  simulator().fail("");
  if (lost) {
    CHECK_ERROR(openDevice("cuda:0"), DEVICE_LOST);
    CHECK(openDevice("auto")->id().kind == DeviceKind::cpu);
    return;
  }
  if (!takesAway(call)) CHECK_EQUAL(simulator().live(), 0);
  if (work("cuda:0") != expected) check::fail(__FILE__, __LINE__, "wrong bytes the next time");
}

void eachFailure() {
  if (!simulator().present()) return test::skip("there is no simulated GPU (scripts/with-simulator)");
  const std::vector<uint8_t> expected = work("cpu");
  std::vector<std::pair<std::string, long long>> calls;
  std::string counted = (fs::temp_directory_path() / "framepath-calls-XXXXXX").string();
  close(mkstemp(counted.data()));
  test::mustPassInChild("no failure", [&] {
    if (work("cuda:0") != expected) check::fail(__FILE__, __LINE__, "wrong bytes");
    std::ofstream file(counted);
    for (const char* call : kCalls)
      file << call << ' ' << simulator().counter((std::string("call:") + call).c_str()) << '\n';
  });
  std::ifstream file(counted);
  std::string call;
  for (long long count = 0; file >> call >> count;)
    if (count > 0) calls.emplace_back(call, count);
  fs::remove(counted);
  CHECK(calls.size() > 25);
  const int before = check::failures();
  int tried = 0;
  for (const auto& [name, count] : calls)
    for (long long at = 1; at <= count; at = at < 4 || at == count ? at + 1 : std::min(at * 2, count))
      for (const cuda::Result result : {1, 2, 700, 719, 999}) {
        const std::string& called = name;  // clang 14 captures no structured bindings
        const std::string label = name + ", call " + std::to_string(at) + " answers " + std::to_string(result);
        test::mustPassInChild(label, [&] { oneFailure(expected, called, at, result); });
        tried++;
        if (check::failures() > before + 20) return;
      }
  std::printf("# %d failures of %zu calls\n", tried, calls.size());
}

TEST(every_call_may_fail) {
  eachFailure();
}

TEST(every_call_may_fail_when_work_is_late) {
  setenv("FRAMEPATH_SIM_LAZY", "1", 1);
  eachFailure();
  unsetenv("FRAMEPATH_SIM_LAZY");
}

SIMULATOR_TEST(a_lost_gpu_is_lost_for_the_process) {
  const auto device = openDevice("cuda:0"), other = openDevice("cuda:0");
  auto queue = device->openQueue();
  auto memory = device->allocate(1000, MemoryKind::device);
  auto reserved = device->reserve(1000, "a model");
  const Fence fence = queue->record();
  simulator().fail("cuStreamSynchronize:1:700");
  CHECK_ERROR(queue->synchronize(), DEVICE_LOST);
  const long long before = simulator().counter("calls");
  CHECK_ERROR(device->allocate(1000, MemoryKind::device), DEVICE_LOST);
  CHECK_ERROR(device->reserve(1000, "a model"), DEVICE_LOST);
  CHECK_ERROR(device->trim(), DEVICE_LOST);
  CHECK_ERROR(device->openQueue(), DEVICE_LOST);
  CHECK_ERROR(device->copy(*queue, memory->data, 10, memory->data, 10, 10, 1, CopyKind::internal), DEVICE_LOST);
  CHECK_ERROR(launch(*device, *queue, FillArgs{{static_cast<uint8_t*>(memory->data), 10}, 10, 1, 1}, Grid{10, 1, 1}),
              DEVICE_LOST);
  CHECK_ERROR(queue->record(), DEVICE_LOST);
  CHECK_ERROR(queue->wait(fence), DEVICE_LOST);
  CHECK_ERROR(queue->synchronize(), DEVICE_LOST);
  CHECK_ERROR(waitHost(fence), DEVICE_LOST);
  CHECK_ERROR(other->allocate(1000, MemoryKind::host), DEVICE_LOST);
  CHECK_ERROR(openDevice("cuda:0"), DEVICE_LOST);
  CHECK(fence->done());
  settle(fence);
  CHECK(device->memory().used > 0);
  memory.reset();
  reserved.reset();
  queue.reset();
  CHECK_EQUAL(simulator().counter("calls"), before);  // nothing is tried again
  const auto best = openDevice("auto");
  CHECK(best->id().kind == DeviceKind::cpu);
  CHECK(best->fallbackReason().find("CUDA_ERROR_ILLEGAL_ADDRESS (700") != std::string::npos);
  CHECK(!probeCuda().usable());
}

SIMULATOR_TEST(gpus_go_by_number) {
  setenv("FRAMEPATH_SIM_DEVICES", "2", 1);
  CHECK_ERROR(openDevice("cuda:2"), DEVICE_UNAVAILABLE);
  CHECK_EQUAL(openDevice("cuda:1")->id().name(), "cuda:1");
}

}  // namespace
}  // namespace framepath

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--probe") == 0) return framepath::printProbe();
  return check::main(argc, argv);
}
