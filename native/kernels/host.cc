#include "kernels/host.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace framepath {

extern const HostKernelTable hostKernels_baseline;
extern const HostKernelTable hostKernels_avx2;
extern const HostKernelTable hostKernels_avx512;

const char* isaName(Isa isa) {
  switch (isa) {
    case Isa::baseline: return "baseline";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
  }
  return "?";
}

bool isaSupported(Isa isa) {
  switch (isa) {
    case Isa::baseline: return true;
#if defined(__x86_64__)
    case Isa::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#endif
    default: return false;
  }
}

Isa chooseIsa() {
  Isa wanted = Isa::avx512;
  if (const char* forced = std::getenv("FRAMEPATH_ISA")) {
    if (!std::strcmp(forced, "baseline")) wanted = Isa::baseline;
    if (!std::strcmp(forced, "avx2")) wanted = Isa::avx2;
  }
  for (Isa isa : {Isa::avx512, Isa::avx2})
    if (isa <= wanted && isaSupported(isa)) return isa;
  return Isa::baseline;
}

const HostKernelTable& hostKernels(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::avx2) return hostKernels_avx2;
  if (isa == Isa::avx512) return hostKernels_avx512;
#endif
  return hostKernels_baseline;
}

}  // namespace framepath
