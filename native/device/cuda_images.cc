// The kernels as the build made them: FRAMEPATH_PTX_FILE, and FRAMEPATH_FATBIN_FILE where there is an nvcc.
#include "device/cuda_kernels.h"

#define FRAMEPATH_EMBED(symbol, file)                              \
  asm(".pushsection .rodata\n"                                     \
      ".balign 16\n"                                               \
      ".hidden " #symbol "\n.global " #symbol "\n" #symbol         \
      ":\n"                                                        \
      ".incbin \"" file                                            \
      "\"\n"                                                       \
      ".byte 0\n"                                                  \
      ".hidden " #symbol "_end\n.global " #symbol "_end\n" #symbol \
      "_end:\n"                                                    \
      ".popsection\n");                                            \
  extern "C" __attribute__((visibility("hidden"))) const char symbol[], symbol##_end[];

FRAMEPATH_EMBED(framepath_kernels_ptx, FRAMEPATH_PTX_FILE)
#ifdef FRAMEPATH_FATBIN_FILE
FRAMEPATH_EMBED(framepath_kernels_fatbin, FRAMEPATH_FATBIN_FILE)
#endif

namespace framepath::cuda {

std::span<const KernelImage> kernelImages() {
  static const KernelImage images[] = {
#ifdef FRAMEPATH_FATBIN_FILE
      {"fatbin", {framepath_kernels_fatbin, framepath_kernels_fatbin_end}},
#endif
      {"PTX", {framepath_kernels_ptx, framepath_kernels_ptx_end}},
  };
  return images;
}

}  // namespace framepath::cuda
