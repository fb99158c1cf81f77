// What is run of each kernel. A new kernel needs a RANDOM_CASE and a PERF_CASE in a *_cases.h file that
// conformance_test.cc includes.
#pragma once
#include "conformance/stage.h"

namespace framepath::conformance {

struct RandomCase {
  KernelId kernel;
  void (*build)(Random&, Stage&);
};
struct PerfCase {
  KernelId kernel;
  const char* what;
  void (*build)(Random&, Stage&);
};

inline std::vector<RandomCase>& randomCases() {
  static std::vector<RandomCase> list;
  return list;
}
inline std::vector<PerfCase>& perfCases() {
  static std::vector<PerfCase> list;
  return list;
}
struct AddCase {
  AddCase(KernelId kernel, void (*build)(Random&, Stage&)) { randomCases().push_back({kernel, build}); }
  AddCase(KernelId kernel, const char* what, void (*build)(Random&, Stage&)) {
    perfCases().push_back({kernel, what, build});
  }
};

// A body that builds random inputs, odd ones included, and launches `kernel` once.
#define RANDOM_CASE(kernel)                                              \
  static void random_##kernel(Random&, Stage&);                          \
  static AddCase addRandom_##kernel(KernelId::kernel, &random_##kernel); \
  static void random_##kernel([[maybe_unused]] Random& random, Stage& stage)

// A body that launches `kernel` on a realistic size.
#define PERF_CASE(kernel, label, what)                                                         \
  static void perf_##kernel##_##label(Random&, Stage&);                                        \
  static AddCase addPerf_##kernel##_##label(KernelId::kernel, what, &perf_##kernel##_##label); \
  static void perf_##kernel##_##label([[maybe_unused]] Random& random, Stage& stage)

}  // namespace framepath::conformance
