#include "device/cuda_kernels.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace framepath::cuda {
namespace {

constexpr const char* kEntries[] = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) "framepath_" #name,
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};

const char* causeOf(Result result) {
  switch (result) {
    case result::noBinaryForGpu: return "it has no code for this GPU";
    case result::unsupportedPtxVersion: return "it is newer than the driver understands";
    case result::jitCompilerNotFound: return "the driver's compiler, libnvidia-ptxjitcompiler.so.1, is not installed";
    case result::jitCompilationDisabled: return "compiling is switched off (CUDA_DISABLE_PTX_JIT)";
    case result::invalidPtx:
    case result::invalidImage: return "the driver cannot read it";
    default: return nullptr;
  }
}

const char* hintAbout(Result result) {
  switch (result) {
    case result::jitCompilerNotFound:
      return "Install libnvidia-ptxjitcompiler1 in the driver's version; in a container, NVIDIA_DRIVER_CAPABILITIES "
             "must have compute.";
    case result::jitCompilationDisabled: return "Unset CUDA_DISABLE_PTX_JIT.";
    default: return "Update the NVIDIA driver, or use device \"cpu\".";
  }
}

// Threads of a block: fewer where one does much, so that small grids still reach every multiprocessor.
int32_t threadsOf(KernelId kernel) {
  switch (kernel) {
    case KernelId::normalize:
    case KernelId::complexity:
    case KernelId::pixelate:
    case KernelId::overlapBoxes:
    case KernelId::emitBoxes: return 32;
    case KernelId::blur:
    case KernelId::similarity:
    case KernelId::scoreAnchors:
    case KernelId::rankAnchors:
    case KernelId::decodeBoxes: return 64;
    default: return 256;
  }
}

}  // namespace

Block blockFor(KernelId kernel, const Grid& grid) {
  const auto upTo = [](int32_t size, int32_t most) {
    return std::min(std::bit_ceil(static_cast<uint32_t>(std::max(size, 1))), static_cast<uint32_t>(most));
  };
  const int32_t threads = threadsOf(kernel);
  Block block{};
  block.x = upTo(grid.x, grid.y > 1 ? 32 : threads);
  block.y = upTo(grid.y, threads / static_cast<int32_t>(block.x));
  return block;
}

Kernels::Kernels(const Driver& driver, const Check& cu) : driver_(driver), cu_(cu) {
  std::string failures;
  Result last = result::notFound;
  for (const KernelImage& image : kernelImages()) {
    if (image.bytes.empty()) continue;
    std::string whyNot;
    last = load(image, whyNot);
    if (last == result::success) {
      description_ = image.name + (failures.empty() ? "" : " (" + failures + ")");
      return;
    }
    failures += (failures.empty() ? "" : "; ") + std::string(image.name) + ": " + whyNot;
    if (isSticky(last) || last == result::outOfMemory) cu_(last, "cuModuleLoadDataEx");
  }
  throw Error(ErrorCode::DEVICE_UNAVAILABLE, "No kernels load on " + cu_.gpu() + ". " + failures + ".",
              hintAbout(last));
}

Kernels::~Kernels() {
  if (module_ && !cu_.lost()) cu_.quietly(driver_.cuModuleUnload(module_), "cuModuleUnload");
}

Result Kernels::load(const KernelImage& image, std::string& whyNot) {
  char log[1024] = {};
  int options[] = {jit::errorLogBuffer, jit::errorLogBufferBytes};
  void* values[] = {log, reinterpret_cast<void*>(sizeof log - 1)};
  Module module = nullptr;
  const char* call = "cuModuleLoadDataEx";
  Result result = driver_.cuModuleLoadDataEx(&module, image.bytes.data(), 2, options, values);
  for (int k = 0; result == result::success && k < static_cast<int>(KernelId::count); k++) {
    call = kEntries[k];
    result = driver_.cuModuleGetFunction(&functions_[k], module, kEntries[k]);
  }
  if (result == result::success) {
    module_ = module;
    return result;
  }
  if (module) driver_.cuModuleUnload(module);
  const char* cause = causeOf(result);
  whyNot = (cause ? cause + std::string(", ") : "") + driver_.errorText(result) + " in " + call;
  if (const char* end = std::strchr(log, '\n')) log[end - log] = 0;
  if (*log) whyNot += ", " + std::string(log);
  return result;
}

}  // namespace framepath::cuda
