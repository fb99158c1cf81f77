#include "device/cuda_memory.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/size_class.h"

namespace framepath::cuda {
namespace {

constexpr size_t kSmallest = 512;

bool keepsBlocks() {
  const char* value = std::getenv("FRAMEPATH_CUDA_CACHE");
  return !value || std::strcmp(value, "off") != 0;
}

std::string text(uint64_t bytes) {
  char buffer[32];
  if (bytes >= 1'000'000'000)
    std::snprintf(buffer, sizeof buffer, "%.2f GB", static_cast<double>(bytes) / 1e9);
  else
    std::snprintf(buffer, sizeof buffer, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return buffer;
}

}  // namespace

MemoryPool::MemoryPool(const Driver& driver, const Check& cu) : driver_(driver), cu_(cu), keep_(keepsBlocks()) {
  size_t free = 0, total = 0;
  cu_(driver_.cuMemGetInfo_v2(&free, &total), "cuMemGetInfo");
  total_ = total;
}

MemoryPool::~MemoryPool() {
  trim(device_, MemoryKind::device);
  trim(host_, MemoryKind::host);
}

uint64_t MemoryPool::freeBytes() const {
  size_t free = 0, total = 0;
  cu_(driver_.cuMemGetInfo_v2(&free, &total), "cuMemGetInfo");
  return free;
}

void MemoryPool::setLimit(uint64_t limit) {
  std::lock_guard lock(mutex_);
  if (limit == 0 && limit_ != 0) return;
  limit_ = std::min(limit ? limit : total_ / 4 * 3, freeBytes() + used_ + reserved_ + device_.bytes);
}

void* MemoryPool::take(size_t bytes, MemoryKind kind, size_t& blockBytes) {
  std::lock_guard lock(mutex_);
  blockBytes = keep_ ? sizeClass(bytes, kSmallest) : std::max<size_t>(bytes, 1);
  Kept& kept = kind == MemoryKind::device ? device_ : host_;
  void* data = nullptr;
  if (const auto found = kept.blocks.find(blockBytes); found != kept.blocks.end() && !found->second.empty()) {
    data = found->second.back();
    found->second.pop_back();
    kept.bytes -= blockBytes;
  } else {
    data = allocate(blockBytes, kind);
  }
  if (kind == MemoryKind::device) {
    used_ += blockBytes;
    peak_ = std::max(peak_, used_ + reserved_);
  }
  return data;
}

void* MemoryPool::allocate(size_t bytes, MemoryKind kind) {
  if (kind == MemoryKind::host) {
    void* data = nullptr;
    Result result = driver_.cuMemHostAlloc(&data, bytes, hostAllocPortable);
    if (result == result::outOfMemory) {
      trim(host_, kind);
      result = driver_.cuMemHostAlloc(&data, bytes, hostAllocPortable);
    }
    if (result == result::outOfMemory)
      throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY,
                  "This machine has no " + text(bytes) + " of memory left that " + cu_.gpu() + " can reach.",
                  "Use smaller pictures, fewer sources or a smaller inFlight; ulimit -l may limit how much is locked.");
    cu_(result, "cuMemHostAlloc");
    return data;
  }
  const auto fits = [&] { return used_ + reserved_ + device_.bytes + bytes <= limit_; };
  if (!fits()) trim(device_, kind);
  if (!fits()) throw full(bytes, "a buffer");
  Address address = 0;
  Result result = driver_.cuMemAlloc_v2(&address, bytes);
  if (result == result::outOfMemory) {
    trim(device_, kind);
    result = driver_.cuMemAlloc_v2(&address, bytes);
  }
  if (result == result::outOfMemory) throw full(bytes, "a buffer");
  cu_(result, "cuMemAlloc");
  return reinterpret_cast<void*>(address);
}

void MemoryPool::release(void* data, size_t blockBytes, MemoryKind kind) noexcept {
  std::lock_guard lock(mutex_);
  if (kind == MemoryKind::device) used_ -= blockBytes;
  Kept& kept = kind == MemoryKind::device ? device_ : host_;
  kept.blocks[blockBytes].push_back(data);
  kept.bytes += blockBytes;
}

void MemoryPool::free(void* data, MemoryKind kind) noexcept {
  if (cu_.lost()) return;
  if (kind == MemoryKind::device)
    cu_.quietly(driver_.cuMemFree_v2(reinterpret_cast<Address>(data)), "cuMemFree");
  else
    cu_.quietly(driver_.cuMemFreeHost(data), "cuMemFreeHost");
}

void MemoryPool::trim(Kept& kept, MemoryKind kind) noexcept {
  for (const auto& [bytes, blocks] : kept.blocks)
    for (void* data : blocks) free(data, kind);
  kept.blocks.clear();
  kept.bytes = 0;
}

void MemoryPool::trim() {
  std::lock_guard lock(mutex_);
  trim(device_, MemoryKind::device);
  trim(host_, MemoryKind::host);
}

void MemoryPool::reserve(uint64_t bytes, const std::string& forWhat) {
  std::lock_guard lock(mutex_);
  const auto fits = [&] { return used_ + reserved_ + device_.bytes + bytes <= limit_; };
  if (!fits()) trim(device_, MemoryKind::device);
  if (!fits()) throw full(bytes, forWhat);
  reserved_ += bytes;
  reservations_[forWhat] += bytes;
  peak_ = std::max(peak_, used_ + reserved_);
}

void MemoryPool::unreserve(uint64_t bytes, const std::string& forWhat) noexcept {
  std::lock_guard lock(mutex_);
  reserved_ -= bytes;
  const auto found = reservations_.find(forWhat);
  if ((found->second -= bytes) == 0) reservations_.erase(found);
}

DeviceMemory MemoryPool::memory() const {
  std::lock_guard lock(mutex_);
  return {used_ + reserved_, device_.bytes, limit_, total_, peak_};
}

// What fits is named with what does not.
Error MemoryPool::full(uint64_t bytes, const std::string& what) const {
  std::string held = "pictures and buffers " + text(used_);
  for (const auto& [name, size] : reservations_) held += ", " + name + " " + text(size);
  return {ErrorCode::DEVICE_OUT_OF_MEMORY,
          cu_.gpu() + " has no room for " + what + " of " + text(bytes) + ": " + text(used_ + reserved_) +
              " of the limit of " + text(limit_) + " are taken (" + held + "), " + text(freeBytes()) +
              " of the GPU's " + text(total_) + " are free.",
          "Use smaller pictures, fewer sources, a smaller inFlight or batch, or raise memoryLimit; nvidia-smi shows "
          "who else holds memory."};
}

}  // namespace framepath::cuda
