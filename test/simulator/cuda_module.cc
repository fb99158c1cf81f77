// Kernels: those of our list, run by the host's own code for them.
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "kernels/host.h"
#include "simulator/arena.h"
#include "simulator/state.h"
#include "simulator/work.h"

using namespace framepath::simulator;
using framepath::Grid;
using framepath::KernelId;
using framepath::cuda::Function;
using framepath::cuda::Module;
using framepath::cuda::Stream;

namespace {

constexpr uint32_t kFatbinMagic = 0xBA55ED50;
constexpr unsigned kMostThreads = 256;  // __launch_bounds__ of kernels.cu

struct Kernel {
  const char* name;
  KernelId id;
  size_t argsBytes;
};
constexpr Kernel kKernels[] = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) {"framepath_" #name, KernelId::name, sizeof(framepath::Args)},
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};

struct ModuleState {
  std::string ptx;  // empty: a fatbin
};
std::set<ModuleState*>& modules() {
  static auto* const all = new std::set<ModuleState*>;
  return *all;
}

// The words of the arguments that are addresses of device memory.
std::vector<const void*> pointersIn(const std::vector<unsigned char>& bytes) {
  std::vector<const void*> found;
  for (size_t at = 0; at + sizeof(void*) <= bytes.size(); at += sizeof(void*)) {
    const void* word = nullptr;
    std::memcpy(&word, &bytes[at], sizeof word);
    if (arena().owns(word)) found.push_back(word);
  }
  return found;
}

}  // namespace

SIM_API cuModuleLoadDataEx(Module* module, const void* image, unsigned, int*, void**) {
  SIM_ENTER(cuModuleLoadDataEx, context);
  uint32_t magic = 0;
  std::memcpy(&magic, image, sizeof magic);
  auto made = std::make_unique<ModuleState>();
  if (magic != kFatbinMagic) made->ptx = static_cast<const char*>(image);
  if (magic != kFatbinMagic && made->ptx.find(".version") == std::string::npos) return result::invalidImage;
  log("a module of %s", magic == kFatbinMagic ? "a fatbin" : "PTX");
  modules().insert(made.get());
  *module = reinterpret_cast<Module>(made.release());
  state().count("module_live");
  return result::success;
}
SIM_API cuModuleLoadData(Module* module, const void* image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

SIM_API cuModuleUnload(Module module) {
  SIM_ENTER(cuModuleUnload, context);
  auto* known = reinterpret_cast<ModuleState*>(module);
  if (modules().erase(known) == 0) return result::invalidValue;
  work().runEverything();
  delete known;
  state().count("module_live", -1);
  return result::success;
}

SIM_API cuModuleGetFunction(Function* function, Module module, const char* name) {
  SIM_ENTER(cuModuleGetFunction, context);
  const auto* known = reinterpret_cast<ModuleState*>(module);
  if (!modules().contains(const_cast<ModuleState*>(known))) return result::invalidValue;
  if (!known->ptx.empty() && known->ptx.find(std::string(".entry ") + name + "(") == std::string::npos)
    return result::notFound;
  for (const Kernel& kernel : kKernels) {
    if (std::strcmp(kernel.name, name) != 0) continue;
    *function = reinterpret_cast<Function>(const_cast<Kernel*>(&kernel));
    return result::success;
  }
  return result::notFound;
}

SIM_API cuLaunchKernel(Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                       unsigned blockY, unsigned blockZ, unsigned, Stream stream, void** parameters, void**) {
  SIM_ENTER(cuLaunchKernel, context);
  const auto& kernel = *reinterpret_cast<const Kernel*>(function);
  const StreamRef queue = work().find(stream);
  if (!queue || !parameters || gridX == 0 || gridY == 0 || gridZ == 0 || gridY > 65535 || gridZ > 65535)
    return result::invalidValue;
  if (blockX * blockY * blockZ == 0 || blockX * blockY * blockZ > kMostThreads) return result::launchOutOfResources;
  const auto* args = static_cast<const unsigned char*>(parameters[0]);
  const Grid domain = *static_cast<const Grid*>(parameters[1]);
  const auto covers = [](unsigned blocks, unsigned threads, int32_t size) {
    return static_cast<int64_t>(blocks) * threads >= size;
  };
  if (!covers(gridX, blockX, domain.x) || !covers(gridY, blockY, domain.y) || !covers(gridZ, blockZ, domain.z)) {
    log("%s: blocks do not cover the grid", kernel.name);
    return result::invalidValue;
  }
  state().count("launches");
  state().count(std::string("launch:") + kernel.name);
  auto copy = std::make_shared<std::vector<unsigned char>>(args, args + kernel.argsBytes);
  std::vector<const void*> touches = pointersIn(*copy);
  work().add(
      queue,
      [copy, domain, id = kernel.id] {
        const Arena::Reach reach;
        static const framepath::HostKernelTable& table = framepath::hostKernels(framepath::chooseIsa());
        table[static_cast<int>(id)](copy->data(), domain);
      },
      std::move(touches));
  return state().lost;
}
