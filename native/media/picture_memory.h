// Memory that another process maps, as the place where libav's software decoders put their pictures.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

struct AVCodecContext;
struct AVFrame;

namespace framepath::media {

// First fit, freed blocks joined. Thread-safe; decoders' threads call it.
class PictureMemory : public std::enable_shared_from_this<PictureMemory> {
 public:
  // Maps `bytes` of the descriptor, which stays the caller's. Throws DEVICE_OUT_OF_MEMORY.
  static std::shared_ptr<PictureMemory> map(int fd, size_t bytes);
  ~PictureMemory();

  // A buffer for a picture, as a decoder's get_buffer2 is to give it. False: no room, or a format that libav does not
  // know.
  bool fill(AVCodecContext& decoder, AVFrame& picture);

  // A block, given back when the last owner releases it; null: no room. Aligned to a page, and followed by room that a
  // vector may read.
  std::shared_ptr<uint8_t> allocate(size_t bytes);

  bool contains(const uint8_t* data) const { return data >= data_ && data < data_ + bytes_; }
  uint64_t offsetOf(const uint8_t* data) const { return static_cast<uint64_t>(data - data_); }
  int64_t allocations() const { return allocations_; }  // grows as long as a decoder works

 private:
  PictureMemory(uint8_t* data, size_t bytes);
  uint8_t* take(size_t bytes);
  void giveBack(uint8_t* block);

  uint8_t* const data_;
  const size_t bytes_;
  std::mutex mutex_;
  std::map<size_t, size_t> free_, taken_;  // offset -> bytes
  std::atomic<int64_t> allocations_{0};
};

}  // namespace framepath::media
