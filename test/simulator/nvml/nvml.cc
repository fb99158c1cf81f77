// A simulated NVML, libnvidia-ml.so.1: two GPUs, of which CUDA's first is the second here, as CUDA_VISIBLE_DEVICES or
// another order make it on real machines.
//
//   FRAMEPATH_SIM_NVML=RULES   comma separated, read anew at each call:
//     CALL:STATUS                that call answers so, e.g. nvmlInit_v2:9 (driver not loaded)
//     mig                        the GPUs are divided: no utilisation
//     sm=N memory=N encoder=N decoder=N    percent (40, 20, 30, 60)
//     used=N celsius=N milliwatts=N        (3 GiB, 55, 215500)
//
// Built with FRAMEPATH_SIM_NVML_OLD it is that of an old driver: without the engines' utilisation and MIG.
#include "telemetry/nvml.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

using namespace framepath::telemetry::nvml;

namespace {

struct Gpu {
  const char* name;
  const char* uuid;
  const char* busId;
};
constexpr Gpu kGpus[] = {
    {"Simulated GPU, not visible to CUDA", "GPU-00000000-0000-0000-0000-000000000000", "00000000:01:00.0"},
    {"Simulated GPU", "GPU-00000000-0000-0000-0000-000000000001", "00000000:65:00.0"},
};
constexpr Status kInvalidArgument = 2, kNotFound = 6;

// The number after `key`, which ends with its separator; -1: no such rule.
long long rule(std::string_view key) {
  const char* text = std::getenv("FRAMEPATH_SIM_NVML");
  std::string_view rules = text ? text : "";
  while (!rules.empty()) {
    const std::string_view one = rules.substr(0, rules.find(','));
    if (one.substr(0, key.size()) == key) return std::atoll(std::string(one.substr(key.size())).c_str());
    rules.remove_prefix(std::min(rules.size(), one.size() + 1));
  }
  return -1;
}

long long value(std::string_view key, long long usual) {
  const long long ruled = rule(key);
  return ruled < 0 ? usual : ruled;
}

bool divided() {
  return rule("mig") >= 0;
}

Status answerOf(const char* call) {
  const long long status = rule(std::string(call) + ":");
  return status < 0 ? kSuccess : static_cast<Status>(status);
}

const Gpu* of(Device device) {
  return reinterpret_cast<const Gpu*>(device);
}
Device handle(const Gpu& gpu) {
  return reinterpret_cast<Device>(const_cast<Gpu*>(&gpu));
}

Status put(const char* from, char* to, unsigned length) {
  if (std::strlen(from) >= length) return 7;  // insufficient size
  std::strcpy(to, from);
  return kSuccess;
}

// Bus and slot; the domain has 4 or 8 digits.
std::string slotOf(std::string_view busId) {
  std::string slot(busId.substr(std::min(busId.size(), busId.find(':'))));
  for (char& c : slot) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return slot;
}

}  // namespace

#define SIM_API extern "C" __attribute__((visibility("default"))) Status
#define SIM_ENTER(name) \
  if (const Status ruled = answerOf(#name); ruled != kSuccess) return ruled

extern "C" __attribute__((visibility("default"))) const char* nvmlErrorString(Status status) {
  switch (status) {
    case kSuccess: return "Success";
    case kNotSupported: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case kNotFound: return "Not Found";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    default: return "Unknown Error";
  }
}

SIM_API nvmlInit_v2() {
  SIM_ENTER(nvmlInit_v2);
  return kSuccess;
}

SIM_API nvmlShutdown() {
  return kSuccess;
}

SIM_API nvmlDeviceGetCount_v2(unsigned* count) {
  SIM_ENTER(nvmlDeviceGetCount_v2);
  *count = std::size(kGpus);
  return kSuccess;
}

SIM_API nvmlDeviceGetHandleByIndex_v2(unsigned index, Device* device) {
  SIM_ENTER(nvmlDeviceGetHandleByIndex_v2);
  if (index >= std::size(kGpus)) return kInvalidArgument;
  *device = handle(kGpus[index]);
  return kSuccess;
}

SIM_API nvmlDeviceGetHandleByPciBusId_v2(const char* busId, Device* device) {
  SIM_ENTER(nvmlDeviceGetHandleByPciBusId_v2);
  for (const Gpu& gpu : kGpus) {
    if (slotOf(gpu.busId) != slotOf(busId)) continue;
    *device = handle(gpu);
    return kSuccess;
  }
  return kNotFound;
}

SIM_API nvmlSystemGetDriverVersion(char* text, unsigned length) {
  SIM_ENTER(nvmlSystemGetDriverVersion);
  return put("580.00.00", text, length);
}

SIM_API nvmlDeviceGetName(Device device, char* text, unsigned length) {
  SIM_ENTER(nvmlDeviceGetName);
  return put(of(device)->name, text, length);
}

SIM_API nvmlDeviceGetUUID(Device device, char* text, unsigned length) {
  SIM_ENTER(nvmlDeviceGetUUID);
  return put(of(device)->uuid, text, length);
}

SIM_API nvmlDeviceGetPciInfo_v3(Device device, PciInfo* info) {
  SIM_ENTER(nvmlDeviceGetPciInfo_v3);
  *info = {};
  return put(of(device)->busId, info->busId, sizeof info->busId);
}

SIM_API nvmlDeviceGetUtilizationRates(Device device, Utilization* rates) {
  SIM_ENTER(nvmlDeviceGetUtilizationRates);
  if (divided()) return kNotSupported;
  const bool busy = of(device) == &kGpus[1];
  rates->gpu = busy ? static_cast<unsigned>(value("sm=", 40)) : 0;
  rates->memory = busy ? static_cast<unsigned>(value("memory=", 20)) : 0;
  return kSuccess;
}

SIM_API nvmlDeviceGetMemoryInfo(Device device, Memory* memory) {
  SIM_ENTER(nvmlDeviceGetMemoryInfo);
  memory->total = 80ull << 30;
  memory->used = of(device) == &kGpus[1] ? static_cast<unsigned long long>(value("used=", 3ll << 30)) : 0;
  memory->free = memory->total - memory->used;
  return kSuccess;
}

SIM_API nvmlDeviceGetTemperature(Device, int32_t sensor, unsigned* celsius) {
  SIM_ENTER(nvmlDeviceGetTemperature);
  if (sensor != 0) return kInvalidArgument;
  *celsius = static_cast<unsigned>(value("celsius=", 55));
  return kSuccess;
}

SIM_API nvmlDeviceGetPowerUsage(Device, unsigned* milliwatts) {
  SIM_ENTER(nvmlDeviceGetPowerUsage);
  *milliwatts = static_cast<unsigned>(value("milliwatts=", 215'500));
  return kSuccess;
}

#ifndef FRAMEPATH_SIM_NVML_OLD

SIM_API nvmlDeviceGetMigMode(Device, unsigned* current, unsigned* pending) {
  SIM_ENTER(nvmlDeviceGetMigMode);
  *current = *pending = divided() ? 1 : 0;
  return kSuccess;
}

SIM_API nvmlDeviceGetEncoderUtilization(Device, unsigned* percent, unsigned* samplingPeriodUs) {
  SIM_ENTER(nvmlDeviceGetEncoderUtilization);
  if (divided()) return kNotSupported;
  *percent = static_cast<unsigned>(value("encoder=", 30));
  *samplingPeriodUs = 167'000;
  return kSuccess;
}

SIM_API nvmlDeviceGetDecoderUtilization(Device, unsigned* percent, unsigned* samplingPeriodUs) {
  SIM_ENTER(nvmlDeviceGetDecoderUtilization);
  if (divided()) return kNotSupported;
  *percent = static_cast<unsigned>(value("decoder=", 60));
  *samplingPeriodUs = 167'000;
  return kSuccess;
}

#endif
