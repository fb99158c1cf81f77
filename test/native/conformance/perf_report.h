// conformance_test --perf [--json FILE] [--only NAME] [--isa NAME]: measures, shows a table and writes
//   {isa, kernels: [{name, case, isa, ms, minMs, bytes, gbPerSecond, copyRatio}]}
// with the instruction set that this machine picks first. NAME of --only is a part of a kernel's or a case's name.
// With --device cuda:0 it measures the kernels of that device (device_perf.h) and writes
//   {device, description, copyGbPerSecond, kernels: [{name, case, ms, minMs, bytes, gbPerSecond, copyGbPerSecond,
//   copyRatio}]}
#pragma once
#include <cstdio>

#include "conformance/device_perf.h"
#include "conformance/perf.h"

namespace framepath::conformance {

struct PerfOptions {
  const char* json = nullptr;
  const char* only = "";
  const char* isa = nullptr;
  const char* device = nullptr;
};

// False: not understood.
inline bool parsePerfOptions(int argc, char** argv, PerfOptions& options) {
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 == argc) return false;
    if (!std::strcmp(argv[i], "--json")) {
      options.json = argv[i + 1];
    } else if (!std::strcmp(argv[i], "--only")) {
      options.only = argv[i + 1];
    } else if (!std::strcmp(argv[i], "--isa")) {
      options.isa = argv[i + 1];
    } else if (!std::strcmp(argv[i], "--device")) {
      options.device = argv[i + 1];
    } else {
      return false;
    }
  }
  return !(options.isa && options.device);
}

inline bool writePerfJson(const char* path, const std::vector<PerfRow>& rows, const char* (*nameOf)(KernelId)) {
  std::FILE* file = std::fopen(path, "w");
  if (!file) return false;
  std::fprintf(file, "{\"isa\": \"%s\", \"kernels\": [", isaName(chooseIsa()));
  for (const PerfRow& row : rows)
    std::fprintf(file,
                 "%s\n  {\"name\": \"%s\", \"case\": \"%s\", \"isa\": \"%s\", \"ms\": %.5f, \"minMs\": %.5f, "
                 "\"bytes\": %zu, \"gbPerSecond\": %.2f, \"copyRatio\": %.2f}",
                 &row == rows.data() ? "" : ",", nameOf(row.kernel), row.what, isaName(row.isa), row.ms, row.minMs,
                 row.bytes, row.gbPerSecond(), row.copyRatio);
  std::fprintf(file, "\n]}\n");
  return std::fclose(file) == 0;
}

inline bool asked(const PerfOptions& options, const PerfCase& c, const char* (*nameOf)(KernelId)) {
  return std::strstr(nameOf(c.kernel), options.only) || std::strstr(c.what, options.only);
}

inline bool writeDeviceJson(const char* path, const Device& device, double copyGbPerSecond,
                            const std::vector<DevicePerfRow>& rows, const char* (*nameOf)(KernelId)) {
  std::FILE* file = std::fopen(path, "w");
  if (!file) return false;
  std::fprintf(file, "{\"device\": \"%s\", \"description\": \"%s\", \"copyGbPerSecond\": %.1f, \"kernels\": [",
               device.id().name().c_str(), device.description().c_str(), copyGbPerSecond);
  for (const DevicePerfRow& row : rows)
    std::fprintf(file,
                 "%s\n  {\"name\": \"%s\", \"case\": \"%s\", \"ms\": %.5f, \"minMs\": %.5f, \"bytes\": %zu, "
                 "\"gbPerSecond\": %.2f, \"copyGbPerSecond\": %.2f, \"copyRatio\": %.3f}",
                 &row == rows.data() ? "" : ",", nameOf(row.kernel), row.what, row.ms, row.minMs, row.bytes,
                 row.gbPerSecond(), row.copyGbPerSecond(), row.copyRatio());
  std::fprintf(file, "\n]}\n");
  return std::fclose(file) == 0;
}

// The exit status.
inline int measureDevice(const PerfOptions& options, const char* (*nameOf)(KernelId)) {
  constexpr double kCaseMs = 150;
  const auto device = openDevice(options.device);
  const double copy = deviceCopyGbPerSecond(device);
  std::printf("%s: a large copy moves %.0f GB/s, read and written\n", device->description().c_str(), copy);
  std::vector<DevicePerfRow> rows;
  std::printf("%-12s %-50s %9s %9s %9s %11s %7s\n", "kernel", "case", "ms", "min ms", "GB/s", "copy GB/s", "x copy");
  for (const PerfCase& c : perfCases()) {
    if (!asked(options, c, nameOf)) continue;
    const DevicePerfRow row = measureOnDevice(c, device, kCaseMs);
    std::printf("%-12s %-50s %9.4f %9.4f %9.1f %11.1f %7.2f\n", nameOf(row.kernel), row.what, row.ms, row.minMs,
                row.gbPerSecond(), row.copyGbPerSecond(), row.copyRatio());
    std::fflush(stdout);
    rows.push_back(row);
  }
  if (rows.empty()) {
    std::fprintf(stderr, "Nothing of that name.\n");
    return 2;
  }
  if (options.json && !writeDeviceJson(options.json, *device, copy, rows, nameOf)) {
    std::perror(options.json);
    return 1;
  }
  return 0;
}

// The exit status.
inline int measure(const PerfOptions& options, const char* (*nameOf)(KernelId)) {
  if (options.device) return measureDevice(options, nameOf);
  constexpr double kCaseMs = 250;
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (isaSupported(isa) && (!options.isa || !std::strcmp(options.isa, isaName(isa)))) isas.push_back(isa);
  std::vector<PerfRow> rows;
  std::printf("%-12s %-50s %-9s %9s %9s %7s %9s\n", "kernel", "case", "isa", "ms", "min ms", "GB/s", "x memcpy");
  for (const PerfCase& c : perfCases()) {
    if (!asked(options, c, nameOf)) continue;
    for (const PerfRow& row : measureCase(c, isas, kCaseMs)) {
      std::printf("%-12s %-50s %-9s %9.4f %9.4f %7.2f %9.1f\n", nameOf(row.kernel), row.what, isaName(row.isa), row.ms,
                  row.minMs, row.gbPerSecond(), row.copyRatio);
      std::fflush(stdout);
      rows.push_back(row);
    }
  }
  if (rows.empty()) {
    std::fprintf(stderr, "Nothing of that name, or this machine lacks the instruction set.\n");
    return 2;
  }
  if (options.json && !writePerfJson(options.json, rows, nameOf)) {
    std::perror(options.json);
    return 1;
  }
  return 0;
}

}  // namespace framepath::conformance
