// Who is measured, and what is reported of it.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "alternate.h"
#include "kernels/host.h"

extern "C" {
#include <libswscale/swscale.h>
}

namespace framepath::bench {

struct Contender {
  std::string name;
  std::string isa;  // of our kernels; what others choose is their affair: "auto"
  Repetition run;
};

struct FreeScaler {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
using Scaler = std::shared_ptr<SwsContext>;

// BT.709 in video range; RGB comes out in full range.
inline Scaler makeScaler(int width, int height, int toWidth, int toHeight, AVPixelFormat to, int flags) {
  Scaler scaler(
      sws_getContext(width, height, AV_PIX_FMT_YUV420P, toWidth, toHeight, to, flags, nullptr, nullptr, nullptr),
      FreeScaler());
  if (!scaler) std::abort();
  const int* matrix = sws_getCoefficients(SWS_CS_ITU709);
  sws_setColorspaceDetails(scaler.get(), matrix, 0, matrix, to == AV_PIX_FMT_RGB24, 0, 1 << 16, 1 << 16);
  return scaler;
}

struct ScalerKind {
  const char* name;
  int flags;
};
inline constexpr ScalerKind kScalers[] = {
    {"swscale bilinear", SWS_BILINEAR}, {"swscale area", SWS_AREA}, {"swscale fast_bilinear", SWS_FAST_BILINEAR}};

// The best first.
inline std::vector<Isa> supportedIsas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::baseline})
    if (isaSupported(isa)) isas.push_back(isa);
  return isas;
}

inline void runKernel(Isa isa, KernelId kernel, const void* args, const Grid& grid) {
  hostKernels(isa)[static_cast<int>(kernel)](args, grid);
}

// The items of a JSON list.
inline void printTimings(const std::vector<Contender>& contenders, const std::vector<Timing>& timings,
                         const std::string& what, bool& first) {
  for (size_t i = 0; i < contenders.size(); i++) {
    std::printf("%s\n    {\"case\": \"%s\", \"contender\": \"%s\", \"isa\": \"%s\", \"ms\": %.4f, \"minMs\": %.4f}",
                first ? "" : ",", what.c_str(), contenders[i].name.c_str(), contenders[i].isa.c_str(),
                timings[i].medianMs, timings[i].minMs);
    first = false;
  }
}

}  // namespace framepath::bench
