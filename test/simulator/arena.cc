#include "simulator/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace framepath::simulator {
namespace {

constexpr size_t kPage = 4096, kAlign = 256;

constexpr size_t roundedUp(size_t bytes, size_t to) {
  return (bytes + to - 1) / to * to;
}

}  // namespace

Arena& arena() {
  static auto* const one = new Arena;
  return *one;
}

void Arena::open(size_t bytes, bool strict) {
  if (base_) return;
  size_ = roundedUp(bytes, kPage);
  strict_ = strict;
  fd_ = memfd_create("simulated GPU", MFD_CLOEXEC);
  void* memory = MAP_FAILED;
  if (fd_ >= 0 && ftruncate(fd_, static_cast<off_t>(size_)) == 0)
    memory = mmap(nullptr, size_, strict ? PROT_NONE : PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd_, 0);
  if (memory == MAP_FAILED) {
    std::perror("[simulator] mmap");
    std::abort();
  }
  base_ = static_cast<char*>(memory);
  gaps_[0] = size_;
}

void* Arena::allocate(size_t bytes) {
  const size_t pages = roundedUp(bytes, kPage), all = pages + kPage;
  for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
    const auto [from, room] = *gap;
    if (room < all) continue;
    gaps_.erase(gap);
    if (room > all) gaps_[from + all] = room - all;
    char* memory = base_ + from + pages - roundedUp(bytes, kAlign);
    blocks_[memory] = {from, pages, bytes};
    used_ += bytes;
    if (!strict_) protect(from + pages, kPage, false);
    const Reach reach;
    std::memset(memory, 0xCD, bytes);
    return memory;
  }
  return nullptr;
}

bool Arena::free(void* memory) {
  const auto found = blocks_.find(static_cast<char*>(memory));
  if (found == blocks_.end()) return false;
  const auto [from, pages, bytes] = found->second;
  {
    const Reach reach;
    std::memset(memory, 0xDB, bytes);
  }
  if (!strict_) protect(from + pages, kPage, true);
  used_ -= bytes;
  blocks_.erase(found);
  auto gap = gaps_.emplace(from, pages + kPage).first;
  if (const auto next = std::next(gap); next != gaps_.end() && gap->first + gap->second == next->first) {
    gap->second += next->second;
    gaps_.erase(next);
  }
  if (gap != gaps_.begin()) {
    const auto before = std::prev(gap);
    if (before->first + before->second == gap->first) {
      before->second += gap->second;
      gaps_.erase(gap);
    }
  }
  return true;
}

bool Arena::has(const void* from, size_t bytes) const {
  if (peerAt(from, bytes)) return true;
  const auto* first = static_cast<const char*>(from);
  auto block = blocks_.upper_bound(first);
  if (block == blocks_.begin()) return false;
  --block;
  return first + bytes <= block->first + block->second.bytes;
}

size_t Arena::sizeOf(const void* memory) const {
  const auto found = blocks_.find(static_cast<const char*>(memory));
  return found == blocks_.end() ? 0 : found->second.bytes;
}

bool Arena::share(const void* memory, Shared& shared) const {
  const auto found = blocks_.find(static_cast<const char*>(memory));
  if (found == blocks_.end()) return false;
  const auto [from, pages, bytes] = found->second;
  shared = {fd_, from, pages, static_cast<size_t>(found->first - (base_ + from)), bytes};
  return true;
}

void* Arena::map(const Shared& shared) {
  void* pages = mmap(nullptr, shared.pages, strict_ ? PROT_NONE : PROT_READ | PROT_WRITE, MAP_SHARED, shared.fd,
                     static_cast<off_t>(shared.from));
  if (pages == MAP_FAILED) return nullptr;
  char* memory = static_cast<char*>(pages) + shared.offset;
  peers_[memory] = {static_cast<char*>(pages), shared.pages, shared.bytes};
  return memory;
}

bool Arena::unmap(void* memory) {
  const auto found = peers_.find(static_cast<char*>(memory));
  if (found == peers_.end()) return false;
  munmap(found->second.pages, found->second.pageBytes);
  peers_.erase(found);
  return true;
}

bool Arena::peerAt(const void* from, size_t bytes) const {
  const auto* first = static_cast<const char*>(from);
  auto peer = peers_.upper_bound(first);
  if (peer == peers_.begin()) return false;
  --peer;
  return first < peer->first + peer->second.bytes && first + bytes <= peer->first + peer->second.bytes;
}

void Arena::reach(bool reachable) {
  protect(size_t{0}, size_, reachable);
  for (const auto& [memory, peer] : peers_) protect(peer.pages, peer.pageBytes, reachable);
}

void Arena::protect(void* from, size_t bytes, bool reachable) {
  if (mprotect(from, bytes, reachable ? PROT_READ | PROT_WRITE : PROT_NONE) == 0) return;
  std::perror("[simulator] mprotect");
  std::abort();
}

Arena::Reach::Reach() {
  Arena& all = arena();
  if (all.strict_ && all.base_ && all.reaching_++ == 0) all.reach(true);
}

Arena::Reach::~Reach() {
  Arena& all = arena();
  if (all.strict_ && all.base_ && --all.reaching_ == 0) all.reach(false);
}

}  // namespace framepath::simulator
