// Notices that libav refused a picture for its size. A decoder then fails as for any damage, and reports the cause only
// in its log, on whichever of its threads met the picture.
#pragma once
#include <atomic>
#include <cstdint>

#include "media/av.h"

namespace framepath::media {

class PictureLimit {
 public:
  // Before the decoder is opened. Decoders are identified by `opaque`, which must be its own.
  PictureLimit(AVCodecContext& decoder, int64_t maxPixels);
  ~PictureLimit();
  PictureLimit(const PictureLimit&) = delete;
  PictureLimit& operator=(const PictureLimit&) = delete;

  bool exceeded() const { return exceeded_; }

  // Every line that libav logs, from any thread.
  static void notice(void* source, const char* format);
  // Whether this thread noticed one since the last call: for decoders that libav opens and closes by itself.
  static bool takeNoticed();

 private:
  const void* const key_;
  std::atomic<bool> exceeded_{false};
};

}  // namespace framepath::media
