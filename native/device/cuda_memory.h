// Memory of one GPU, and pinned memory of the host, kept for the next owner: cuMemAlloc and cuMemFree wait for all work
// of the GPU, so that a run in its stride must not call them. FRAMEPATH_CUDA_CACHE=off keeps nothing, for tools that
// watch allocations.
//
// Device memory comes out of one budget: blocks in use, blocks kept and reservations together stay below its limit.
#pragma once
#include <map>
#include <mutex>
#include <vector>

#include "device/cuda_check.h"
#include "device/device.h"

namespace framepath::cuda {

// Thread-safe. What may call the driver (all but release, unreserve and memory) wants the context to be current.
class MemoryPool {
 public:
  MemoryPool(const Driver& driver, const Check& cu);
  ~MemoryPool();  // everything has been given back
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // 0 = 75 % of the GPU's memory.
  void setLimit(uint64_t limit);

  // Throws DEVICE_OUT_OF_MEMORY. `blockBytes`: how large the block really is, for release.
  void* take(size_t bytes, MemoryKind kind, size_t& blockBytes);
  void release(void* data, size_t blockBytes, MemoryKind kind) noexcept;  // keeps it; see keeps()
  bool keeps() const { return keep_; }                                    // else trim() is due after every release()

  void reserve(uint64_t bytes, const std::string& forWhat);
  void unreserve(uint64_t bytes, const std::string& forWhat) noexcept;

  DeviceMemory memory() const;
  uint64_t freeBytes() const;  // of the GPU, as the driver reports
  void trim();

 private:
  struct Kept {
    std::map<size_t, std::vector<void*>> blocks;  // by size
    uint64_t bytes = 0;
  };

  void* allocate(size_t bytes, MemoryKind kind);
  void free(void* data, MemoryKind kind) noexcept;
  void trim(Kept& kept, MemoryKind kind) noexcept;
  Error full(uint64_t bytes, const std::string& what) const;

  const Driver& driver_;
  const Check& cu_;
  const bool keep_;
  uint64_t total_ = 0;
  mutable std::mutex mutex_;
  uint64_t limit_ = 0, used_ = 0, reserved_ = 0, peak_ = 0;
  std::map<std::string, uint64_t> reservations_;  // for whom
  Kept device_, host_;
};

}  // namespace framepath::cuda
