#include "graph/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/error.h"
#include "core/size_class.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace framepath::graph {
namespace {

constexpr size_t kPage = 4096;

Error refused(const char* call) {
  return Error(ErrorCode::DEVICE_OUT_OF_MEMORY,
               std::string("No memory can be shared with modules: ") + call + ": " + std::strerror(errno) + ".");
}

// Memories that were made in this process, by descriptor. Outlives them all.
struct Made {
  std::mutex mutex;
  std::map<int, std::weak_ptr<const Mapping>> byDescriptor;
};
Made& made() {
  static Made& all = *new Made;
  return all;
}

// After the only mapping that may write. Linux before 5.1 has no FUTURE_WRITE: there others may still write.
void seal(int fd) {
  constexpr int size = F_SEAL_SHRINK | F_SEAL_GROW;
  if (fcntl(fd, F_ADD_SEALS, size | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0) return;
  if (errno != EINVAL || fcntl(fd, F_ADD_SEALS, size | F_SEAL_SEAL) != 0) throw refused("fcntl(F_ADD_SEALS)");
}

}  // namespace

Mapping::Mapping(int fd, size_t bytes, Access access) : bytes_(bytes) {
  const int protection = access == Access::readWrite ? PROT_READ | PROT_WRITE : PROT_READ;
  void* data = mmap(nullptr, bytes, protection, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (data == MAP_FAILED) throw refused("mmap");
  data_ = static_cast<uint8_t*>(data);
}

Mapping::~Mapping() {
  munmap(data_, bytes_);
}

// Other pages in their place: a hole in a sealed memfd is refused.
void Mapping::discard(size_t bytes) const {
  if (bytes) mmap(data_, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

std::shared_ptr<SharedMemory> SharedMemory::open(size_t bytes) {
  const int fd = memfd_create("framepath", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throw refused("memfd_create");
  try {
    if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) throw refused("ftruncate");
    return std::shared_ptr<SharedMemory>(new SharedMemory(fd, bytes));
  } catch (...) {
    ::close(fd);
    throw;
  }
}

SharedMemory::SharedMemory(int fd, size_t bytes)
    : fd_(fd), mapping_(std::make_shared<Mapping>(fd, bytes, Mapping::Access::readWrite)) {
  seal(fd);
  std::lock_guard lock(made().mutex);
  made().byDescriptor[fd] = mapping_;
}

// Views that JavaScript has not collected yet keep the mapping: they read zeros from now on.
SharedMemory::~SharedMemory() {
  mapping_->discard(used_);
  {
    std::lock_guard lock(made().mutex);
    made().byDescriptor.erase(fd_);
  }
  ::close(fd_);
}

std::shared_ptr<const Mapping> SharedMemory::mapped(int fd) {
  {
    std::lock_guard lock(made().mutex);
    const auto here = made().byDescriptor.find(fd);
    if (here != made().byDescriptor.end())
      if (std::shared_ptr<const Mapping> mapping = here->second.lock()) return mapping;
  }
  struct stat found {};
  const int seals = fcntl(fd, F_GET_SEALS);
  if (fstat(fd, &found) != 0 || found.st_size <= 0 || seals < 0 || !(seals & F_SEAL_SHRINK))
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "Descriptor " + std::to_string(fd) + " is not the memory of a run's inputs.");
  return std::make_shared<const Mapping>(fd, static_cast<size_t>(found.st_size), Mapping::Access::readOnly);
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
