// Decoded pictures from the host's memory to the device, through pinned memory: a copy out of ordinary memory would
// hold the thread until it is done.
#pragma once
#include <array>

#include "core/fence.h"
#include "device/image.h"

namespace framepath::media {

// One thread uses it.
class Upload {
 public:
  explicit Upload(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Enqueues the copy; `from` may go at once. Throws DEVICE_OUT_OF_MEMORY.
  Image upload(Queue& queue, const ImageView& from);

 private:
  struct Stage {
    Image image;
    Fence copied;
  };

  void copy(Queue& queue, const ImageView& to, const ImageView& through, const ImageView& from) const;

  std::shared_ptr<Device> device_;
  std::array<Stage, 3> stages_;
  size_t next_ = 0;
};

}  // namespace framepath::media
