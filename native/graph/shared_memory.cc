#include "graph/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/error.h"
#include "core/size_class.h"

namespace framepath::graph {
namespace {

constexpr size_t kPage = 4096;

Error refused(const char* call) {
  return Error(ErrorCode::DEVICE_OUT_OF_MEMORY,
               std::string("No memory can be shared with modules: ") + call + ": " + std::strerror(errno) + ".");
}

}  // namespace

Mapping::Mapping(int fd, size_t bytes) : bytes_(bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (data == MAP_FAILED) throw refused("mmap");
  data_ = static_cast<uint8_t*>(data);
}

Mapping::~Mapping() {
  munmap(data_, bytes_);
}

std::shared_ptr<SharedMemory> SharedMemory::open(size_t bytes) {
  const int fd = memfd_create("framepath", MFD_CLOEXEC);
  if (fd < 0) throw refused("memfd_create");
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    const Error error = refused("ftruncate");
    ::close(fd);
    throw error;
  }
  try {
    return std::shared_ptr<SharedMemory>(new SharedMemory(fd, bytes));
  } catch (...) {
    ::close(fd);
    throw;
  }
}

SharedMemory::SharedMemory(int fd, size_t bytes) : fd_(fd), mapping_(std::make_shared<Mapping>(fd, bytes)) {}

// Views that JavaScript has not collected yet keep the mapping: they read zeros from now on.
SharedMemory::~SharedMemory() {
  if (used_) fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(used_));
  ::close(fd_);
}

std::shared_ptr<const SharedMemory::Slot> SharedMemory::lease(size_t bytes) {
  const size_t capacity = sizeClass(bytes, kPage);
  std::lock_guard lock(mutex_);
  auto& free = free_[capacity];
  size_t offset = used_;
  if (!free.empty()) {
    offset = free.back();
    free.pop_back();
  } else {
    if (capacity > mapping_->bytes() - used_)
      throw Error(
          ErrorCode::DEVICE_OUT_OF_MEMORY,
          "The pictures that modules asked for take more than " + std::to_string(mapping_->bytes() >> 20) + " MiB.",
          "Ask for smaller inputs, or lower inFlight.");
    used_ += capacity;
  }
  leased_++;
  return std::make_shared<const Slot>(shared_from_this(), offset, capacity);
}

void SharedMemory::giveBack(const Slot& slot) {
  std::lock_guard lock(mutex_);
  free_[slot.capacity].push_back(slot.offset);
  leased_--;
}

void SharedMemory::keep(std::shared_ptr<void> companion) {
  std::lock_guard lock(mutex_);
  companions_.push_back(std::move(companion));
}

void SharedMemory::mappedByNobody() {
  std::vector<std::shared_ptr<void>> over;
  std::lock_guard lock(mutex_);
  over.swap(companions_);
}

size_t SharedMemory::leased() const {
  std::lock_guard lock(mutex_);
  return leased_;
}

}  // namespace framepath::graph
