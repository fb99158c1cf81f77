// Readings of a GPU, on the simulated NVML (test/simulator/nvml), with everything that can be wrong with it.
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "check.h"
#include "core/clock.h"
#include "core/error.h"
#include "telemetry/gpu.h"
#include "telemetry/gpu_sampler.h"

using namespace framepath;
using namespace framepath::telemetry;
using namespace std::chrono_literals;

namespace {

constexpr const char* kNvml = FRAMEPATH_SIM_FOLDER "/libnvidia-ml.so.1";
constexpr const char* kOldNvml = FRAMEPATH_SIM_FOLDER "/old/libnvidia-ml.so.1";
constexpr const char* kFirstOfCuda = "0000:65:00.0";

// While this lives the simulated NVML follows these rules.
struct Rules {
  explicit Rules(const char* rules) { setenv("FRAMEPATH_SIM_NVML", rules, 1); }
  ~Rules() { unsetenv("FRAMEPATH_SIM_NVML"); }
};

double valueOf(const GpuReading& reading, GpuMetric metric) {
  return reading.values[static_cast<size_t>(metric)].value_or(-1);
}
const std::string& reasonOf(const GpuReading& reading, GpuMetric metric) {
  return reading.reasons[static_cast<size_t>(metric)];
}
bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// What opening the GPU fails with.
std::string failure(const char* library, const char* busId = kFirstOfCuda) {
  try {
    Gpu::at(busId, library);
  } catch (const Error& error) {
    CHECK_EQUAL(errorCodeName(error.code), "DEVICE_UNAVAILABLE");
    return error.sentence;
  }
  CHECK(false && "opened");
  return {};
}

template <typename Condition>
void until(Condition&& condition) {
  const int64_t endNs = nowNs() + 10'000'000'000;
  while (!condition() && nowNs() < endNs) std::this_thread::sleep_for(1ms);
  CHECK(condition());
}

int threadCount() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("Threads:", 0) == 0) return std::atoi(line.c_str() + 8);
  return -1;
}

}  // namespace

TEST(every_reading_of_a_gpu) {
  const Gpu gpu = Gpu::at(kFirstOfCuda, kNvml);
  CHECK_EQUAL(gpu.facts().name, "Simulated GPU");
  CHECK_EQUAL(gpu.facts().driver, "580.00.00");
  CHECK_EQUAL(gpu.facts().uuid, "GPU-00000000-0000-0000-0000-000000000001");
  CHECK_EQUAL(gpu.facts().pciBusId, kFirstOfCuda);
  CHECK_EQUAL(gpu.facts().memoryTotalBytes, int64_t{80} << 30);
  CHECK(!gpu.facts().mig);
  const Rules rules("sm=71,memory=33,encoder=5,decoder=99,used=1000000,celsius=64,milliwatts=301250");
  const GpuReading reading = gpu.read();
  CHECK_EQUAL(valueOf(reading, GpuMetric::sm), 71);
  CHECK_EQUAL(valueOf(reading, GpuMetric::memoryController), 33);
  CHECK_EQUAL(valueOf(reading, GpuMetric::encoder), 5);
  CHECK_EQUAL(valueOf(reading, GpuMetric::decoder), 99);
  CHECK_EQUAL(valueOf(reading, GpuMetric::memoryBytes), 1'000'000);
  CHECK_EQUAL(valueOf(reading, GpuMetric::temperatureC), 64);
  CHECK_EQUAL(valueOf(reading, GpuMetric::powerW), 301.25);
  CHECK_EQUAL(reading.encoderPeriodMs, 167);
  CHECK_EQUAL(reading.decoderPeriodMs, 167);
  for (const std::string& reason : reading.reasons) CHECK(reason.empty());
}

TEST(a_gpu_is_found_by_its_slot_not_by_its_index) {
  const GpuList list = Gpu::all(kNvml);
  CHECK_EQUAL(list.gpus.size(), size_t{2});
  CHECK_EQUAL(list.gpus[1].facts().pciBusId, kFirstOfCuda);
  CHECK_EQUAL(valueOf(list.gpus[0].read(), GpuMetric::sm), 0);
  CHECK_EQUAL(valueOf(Gpu::at(kFirstOfCuda, kNvml).read(), GpuMetric::sm), 40);
  CHECK(has(failure(kNvml, "0000:02:00.0"), "Not Found (6)"));
}

TEST(without_nvml_there_is_a_reason) {
  CHECK(has(failure("libnvidia-ml-not-here.so.1"), "libnvidia-ml-not-here.so.1"));
  CHECK(has(failure("libm.so.6"), "has no nvmlInit_v2"));  // a library, but not this one
  const Rules rules("nvmlInit_v2:9");
  CHECK(has(failure(kNvml), "Driver Not Loaded (9)"));
}

TEST(an_error_of_one_reading_leaves_the_others) {
  const struct {
    const char* call;
    std::vector<GpuMetric> lost;
  } cases[] = {
      {"nvmlDeviceGetUtilizationRates", {GpuMetric::sm, GpuMetric::memoryController}},
      {"nvmlDeviceGetEncoderUtilization", {GpuMetric::encoder}},
      {"nvmlDeviceGetDecoderUtilization", {GpuMetric::decoder}},
      {"nvmlDeviceGetMemoryInfo", {GpuMetric::memoryBytes}},
      {"nvmlDeviceGetTemperature", {GpuMetric::temperatureC}},
      {"nvmlDeviceGetPowerUsage", {GpuMetric::powerW}},
  };
  const Gpu gpu = Gpu::at(kFirstOfCuda, kNvml);
  for (const auto& is : cases) {
    const Rules rules((std::string(is.call) + ":15").c_str());
    const GpuReading reading = gpu.read();
    for (size_t m = 0; m < kGpuMetrics; m++) {
      const bool lost = std::count(is.lost.begin(), is.lost.end(), static_cast<GpuMetric>(m));
      CHECK_EQUAL(reading.values[m].has_value(), !lost);
      CHECK_EQUAL(reading.reasons[m], lost ? "GPU is lost (15)" : "");
    }
  }
}

TEST(facts_that_nvml_does_not_have_are_empty) {
  const Rules rules(
      "nvmlDeviceGetName:999,nvmlDeviceGetUUID:999,nvmlSystemGetDriverVersion:4,nvmlDeviceGetPciInfo_v3:3");
  const Gpu gpu = Gpu::at(kFirstOfCuda, kNvml);
  CHECK_EQUAL(gpu.facts().name, "");
  CHECK_EQUAL(gpu.facts().uuid, "");
  CHECK_EQUAL(gpu.facts().driver, "");
  CHECK_EQUAL(gpu.facts().pciBusId, "");
  CHECK_EQUAL(valueOf(gpu.read(), GpuMetric::sm), 40);
}

TEST(a_divided_gpu_has_a_reason_for_no_utilisation) {
  const Rules rules("mig");
  const Gpu gpu = Gpu::at(kFirstOfCuda, kNvml);
  CHECK(gpu.facts().mig);
  const GpuReading reading = gpu.read();
  for (const GpuMetric metric : {GpuMetric::sm, GpuMetric::memoryController, GpuMetric::encoder, GpuMetric::decoder}) {
    CHECK_EQUAL(valueOf(reading, metric), -1);
    CHECK_EQUAL(reasonOf(reading, metric), "Not Supported (3); the GPU is divided (MIG)");
  }
  CHECK_EQUAL(valueOf(reading, GpuMetric::temperatureC), 55);
}

TEST(an_old_driver_gives_what_it_has) {
  const GpuReading reading = Gpu::at(kFirstOfCuda, kOldNvml).read();
  CHECK_EQUAL(valueOf(reading, GpuMetric::sm), 40);
  CHECK(has(reasonOf(reading, GpuMetric::encoder), "this driver"));
  CHECK(has(reasonOf(reading, GpuMetric::decoder), "this driver"));
}

TEST(a_gpu_that_cannot_be_read_is_listed_with_its_reason) {
  const Rules rules("nvmlDeviceGetHandleByIndex_v2:15");
  const GpuList list = Gpu::all(kNvml);
  CHECK(list.gpus.empty());
  CHECK_EQUAL(list.unreadable.size(), size_t{2});
  CHECK(has(list.unreadable[1], "GPU 1: GPU is lost"));
}

TEST(a_sampler_sums_up_and_ends_at_once) {
  const int before = threadCount();
  GpuSampler sampler(kFirstOfCuda, 1h, kNvml);
  until([&] { return sampler.summary().samples == 1; });
  {
    const Rules rules("sm=80,nvmlDeviceGetPowerUsage:3");
    const int64_t beganNs = nowNs();
    sampler.stop();
    CHECK(nowNs() - beganNs < 500'000'000);
    sampler.stop();
  }
  CHECK_EQUAL(threadCount(), before);
  const GpuSummary summary = sampler.summary();
  CHECK_EQUAL(summary.samples, 2);  // the first, and the last when it was stopped
  CHECK_EQUAL(summary.error, "");
  CHECK_EQUAL(summary.facts.name, "Simulated GPU");
  const auto sm = summary.metrics[static_cast<size_t>(GpuMetric::sm)];
  CHECK(sm && sm->mean == 60 && sm->max == 80 && sm->last == 80);
  const auto power = summary.metrics[static_cast<size_t>(GpuMetric::powerW)];
  CHECK(power && power->mean == 215.5);  // of the sample that had it
  CHECK_EQUAL(summary.reasons[static_cast<size_t>(GpuMetric::powerW)], "");
}

TEST(a_sampler_goes_on_at_its_interval) {
  GpuSampler sampler(kFirstOfCuda, 2ms, kNvml);
  until([&] { return sampler.summary().samples >= 5; });
}

TEST(a_sampler_without_readings_has_a_reason) {
  GpuSampler missing(kFirstOfCuda, 1h, "libnvidia-ml-not-here.so.1");
  missing.stop();
  CHECK(has(missing.summary().error, "libnvidia-ml-not-here.so.1"));
  CHECK_EQUAL(missing.summary().samples, 0);
  const Rules rules("nvmlDeviceGetDecoderUtilization:999");
  GpuSampler part(kFirstOfCuda, 1h, kNvml);
  part.stop();
  CHECK_EQUAL(part.summary().error, "");
  CHECK(!part.summary().metrics[static_cast<size_t>(GpuMetric::decoder)]);
  CHECK_EQUAL(part.summary().reasons[static_cast<size_t>(GpuMetric::decoder)], "Unknown Error (999)");
}

TEST_MAIN()
