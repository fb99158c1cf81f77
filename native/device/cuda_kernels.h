// The kernel list on one GPU: the images that are embedded in this library, and the functions of the one that loads.
#pragma once
#include <span>
#include <string>

#include "device/cuda_check.h"
#include "kernels/list.h"

namespace framepath::cuda {

struct KernelImage {
  const char* name;             // "fatbin" or "PTX"
  std::span<const char> bytes;  // PTX with its final 0; empty = this build has none
};
std::span<const KernelImage> kernelImages();  // in the order they are tried

// How a grid is cut into blocks.
struct Block {
  unsigned x, y;
};
Block blockFor(KernelId kernel, const Grid& grid);

// Made and destroyed with the context current.
class Kernels {
 public:
  // Throws DEVICE_UNAVAILABLE with what every image failed on, DEVICE_OUT_OF_MEMORY, DEVICE_LOST.
  Kernels(const Driver& driver, const Check& cu);
  ~Kernels();
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;

  Function operator[](KernelId kernel) const { return functions_[static_cast<int>(kernel)]; }
  // Which image it is, and why not the one before it.
  const std::string& description() const { return description_; }

 private:
  Result load(const KernelImage& image, std::string& whyNot);

  const Driver& driver_;
  const Check& cu_;
  Module module_ = nullptr;
  Function functions_[static_cast<int>(KernelId::count)] = {};
  std::string description_;
};

}  // namespace framepath::cuda
