// conformance_test --perf [--json FILE] [--only NAME] [--isa NAME]: measures, prints a table and writes
//   {isa, kernels: [{name, case, isa, ms, minMs, bytes, gbPerSecond, copyRatio}]}
// with the instruction set that this machine picks first. NAME of --only is a part of a kernel's or a case's name.
#pragma once
#include <cstdio>

#include "conformance/perf.h"

namespace framepath::conformance {

struct PerfOptions {
  const char* json = nullptr;
  const char* only = "";
  const char* isa = nullptr;
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
    } else {
      return false;
    }
  }
  return true;
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

// The exit status.
inline int measure(const PerfOptions& options, const char* (*nameOf)(KernelId)) {
  constexpr double kCaseMs = 250;
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (isaSupported(isa) && (!options.isa || !std::strcmp(options.isa, isaName(isa)))) isas.push_back(isa);
  std::vector<PerfRow> rows;
  std::printf("%-12s %-50s %-9s %9s %9s %7s %9s\n", "kernel", "case", "isa", "ms", "min ms", "GB/s", "x memcpy");
  for (const PerfCase& c : perfCases()) {
    if (!std::strstr(nameOf(c.kernel), options.only) && !std::strstr(c.what, options.only)) continue;
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
