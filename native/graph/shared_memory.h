// Memory that other processes map: pictures for modules that run elsewhere.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace framepath::graph {

// A mapping of a memfd; unmapped when the last owner releases it.
class Mapping {
 public:
  enum class Access : uint8_t { readOnly, readWrite };
  // Throws DEVICE_OUT_OF_MEMORY when the system refuses.
  Mapping(int fd, size_t bytes, Access access);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // The first `bytes` read as zeros from now on, and what they held is no longer held here.
  void discard(size_t bytes) const;

 private:
  uint8_t* data_;
  const size_t bytes_;
};

// One memfd, cut into slots of sizes between powers of two. Pages that were never written cost nothing. A slot that is
// released is kept for the next one of its size and stays where it is: readers may cache views by offset. The memfd is
// sealed: another process that was given its descriptor can neither resize it (which would end this process by SIGBUS)
// nor write to it. Thread-safe.
class SharedMemory : public std::enable_shared_from_this<SharedMemory> {
 public:
  // Throws DEVICE_OUT_OF_MEMORY when the system refuses.
  static std::shared_ptr<SharedMemory> open(size_t bytes = kBytes);
  ~SharedMemory();
  // For a reader that got the descriptor: the mapping of this process where the memory was made in it, else
  // one to read only. Throws INVALID_ARGUMENT for another kind of descriptor, DEVICE_OUT_OF_MEMORY.
  static std::shared_ptr<const Mapping> mapped(int fd);

  // Part of the memory, back in the pool when the last owner releases it.
  struct Slot {
    Slot(std::shared_ptr<SharedMemory> memory, size_t offset, size_t capacity)
        : memory(std::move(memory)), offset(offset), capacity(capacity) {}
    ~Slot() { memory->giveBack(*this); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    uint8_t* data() const { return memory->mapping_->data() + offset; }
    const std::shared_ptr<SharedMemory> memory;
    const size_t offset, capacity;  // bytes, multiples of the page
  };
  // Throws DEVICE_OUT_OF_MEMORY when no room is left.
  std::shared_ptr<const Slot> lease(size_t bytes);

  // An object that processes may have mapped beside this memory: kept until they have ended, or this memory has.
  void keep(std::shared_ptr<void> companion);
  void mappedByNobody();

  int fd() const { return fd_; }
  const std::shared_ptr<const Mapping>& mapping() const { return mapping_; }
  size_t leased() const;  // slots alive

  static constexpr size_t kBytes = size_t{4} << 30;

 private:
  SharedMemory(int fd, size_t bytes);
  void giveBack(const Slot& slot);

  const int fd_;
  const std::shared_ptr<const Mapping> mapping_;
  mutable std::mutex mutex_;
  std::map<size_t, std::vector<size_t>> free_;  // offsets by capacity
  size_t used_ = 0, leased_ = 0;
  std::vector<std::shared_ptr<void>> companions_;
};

}  // namespace framepath::graph
