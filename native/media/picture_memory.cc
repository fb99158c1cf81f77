#include "media/picture_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>

#include "media/av.h"

namespace framepath::media {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kSpare = 128;  // decoders and kernels write and read a vector past the last row

size_t roundedUp(size_t value, size_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

std::shared_ptr<PictureMemory> PictureMemory::map(int fd, size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED)
    throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY,
                std::string("Memory for pictures cannot be mapped: ") + std::strerror(errno) + ".");
  return std::shared_ptr<PictureMemory>(new PictureMemory(static_cast<uint8_t*>(data), bytes));
}

PictureMemory::PictureMemory(uint8_t* data, size_t bytes) : data_(data), bytes_(bytes) {
  free_[0] = bytes;
}

PictureMemory::~PictureMemory() {
  munmap(data_, bytes_);
}

uint8_t* PictureMemory::take(size_t bytes) {
  if (bytes > bytes_) return nullptr;
  bytes = roundedUp(bytes + kSpare, kPage);
  std::lock_guard lock(mutex_);
  allocations_++;
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const auto [offset, room] = *it;
    if (room < bytes) continue;
    free_.erase(it);
    if (room > bytes) free_[offset + bytes] = room - bytes;
    taken_[offset] = bytes;
    return data_ + offset;
  }
  return nullptr;
}

void PictureMemory::giveBack(uint8_t* block) {
  std::lock_guard lock(mutex_);
  const auto taken = taken_.find(offsetOf(block));
  size_t offset = taken->first, bytes = taken->second;
  taken_.erase(taken);
  auto next = free_.lower_bound(offset);
  if (next != free_.end() && next->first == offset + bytes) {
    bytes += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin())
    if (const auto before = std::prev(next); before->first + before->second == offset) {
      before->second += bytes;
      return;
    }
  free_[offset] = bytes;
}

std::shared_ptr<uint8_t> PictureMemory::allocate(size_t bytes) {
  uint8_t* block = take(bytes);
  if (!block) return nullptr;
  return {block, [self = shared_from_this()](uint8_t* data) { self->giveBack(data); }};
}

// Rows and planes as the decoder wants them aligned, as in libav's own buffers.
bool PictureMemory::fill(AVCodecContext& decoder, AVFrame& picture) {
  const auto format = static_cast<AVPixelFormat>(picture.format);
  int width = picture.width, height = picture.height, align[AV_NUM_DATA_POINTERS], pitches[4];
  avcodec_align_dimensions2(&decoder, &width, &height, align);
  for (bool aligned = false; !aligned; width += width & ~(width - 1)) {
    if (av_image_fill_linesizes(pitches, format, width) < 0) return false;
    aligned = true;
    for (int p = 0; p < 4; p++) aligned = aligned && pitches[p] % align[p] == 0;
  }
  const ptrdiff_t rows[4] = {pitches[0], pitches[1], pitches[2], pitches[3]};
  size_t sizes[4], total = 0, offsets[4];
  if (av_image_fill_plane_sizes(sizes, format, height, rows) < 0) return false;
  for (int p = 0; p < 4; p++) {
    offsets[p] = total;
    if (sizes[p]) total += roundedUp(sizes[p] + kSpare, 64);
  }
  uint8_t* block = take(total);
  if (!block) return false;
  auto owner = std::make_unique<std::shared_ptr<PictureMemory>>(shared_from_this());
  picture.buf[0] = av_buffer_create(
      block, total,
      [](void* opaque, uint8_t* data) {
        const std::unique_ptr<std::shared_ptr<PictureMemory>> memory(
            static_cast<std::shared_ptr<PictureMemory>*>(opaque));
        (*memory)->giveBack(data);
      },
      owner.get(), 0);
  if (!picture.buf[0]) {
    giveBack(block);
    return false;
  }
  owner.release();
  for (int p = 0; p < 4; p++) {
    picture.linesize[p] = pitches[p];
    picture.data[p] = sizes[p] ? block + offsets[p] : nullptr;
  }
  picture.extended_data = picture.data;
  return true;
}

}  // namespace framepath::media
