// Device memory: one mapping of a file that other processes can map, blocks that end at a guard page. All calls under
// the state's lock.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>

namespace framepath::simulator {

class Arena {
 public:
  void open(size_t bytes, bool strict);  // once; later calls do nothing
  // Null: no room. 256-byte aligned.
  void* allocate(size_t bytes);
  bool free(void* memory);  // false: no live allocation begins there

  // What another process needs to map the allocation that begins at `memory`; false: none does.
  struct Shared {
    int fd;
    size_t from, pages;    // of the arena's file
    size_t offset, bytes;  // of the allocation in that
  };
  bool share(const void* memory, Shared& shared) const;
  // The same in that process, from an open file; null: it cannot be mapped. Counts as device memory until unmapped.
  void* map(const Shared& shared);
  bool unmap(void* memory);  // false: nothing mapped begins there
  size_t mapped() const { return peers_.size(); }

  bool has(const void* from, size_t bytes) const;  // inside one live allocation
  bool owns(const void* address) const { return (address >= base_ && address < base_ + size_) || peerAt(address, 0); }
  // The size of the live allocation that begins there; 0: none does.
  size_t sizeOf(const void* memory) const;

  size_t size() const { return size_; }
  size_t live() const { return blocks_.size(); }
  size_t usedBytes() const { return used_; }

  // While one of these lives, device memory can be reached although the arena is strict.
  class Reach {
   public:
    Reach();
    ~Reach();
  };

 private:
  struct Block {
    size_t from, pages;  // offset, bytes without the guard page
    size_t bytes;        // as asked for
  };
  struct Peer {
    char* pages;
    size_t pageBytes, bytes;
  };
  bool peerAt(const void* from, size_t bytes) const;
  void protect(void* from, size_t bytes, bool reachable);
  void protect(size_t from, size_t bytes, bool reachable) { protect(base_ + from, bytes, reachable); }
  void reach(bool reachable);  // of a strict arena

  char* base_ = nullptr;
  int fd_ = -1;
  size_t size_ = 0, used_ = 0;
  bool strict_ = false;
  int reaching_ = 0;
  std::map<size_t, size_t> gaps_;        // offset -> bytes
  std::map<const char*, Block> blocks_;  // by address
  std::map<const char*, Peer> peers_;    // other processes' blocks, by address
};

Arena& arena();

}  // namespace framepath::simulator
