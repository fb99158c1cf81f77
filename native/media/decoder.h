// One stream's packets in, pictures out, in software. Damaged packets and pictures are counted and left out.
#pragma once
#include <cstdint>

#include "media/av.h"
#include "media/source_reader.h"

namespace framepath::media {

class Decoder {
 public:
  // Throws SOURCE_UNSUPPORTED when this libav cannot decode the codec.
  Decoder(const AVStream& stream, int32_t threads, SkipLoopFilter skipLoopFilter);

  // The packet is taken (null = no more will come); pull everything before sending the next one.
  void send(const AVPacket* packet);
  // Null: needs another packet, or `drained`.
  AvFrame pull();
  bool drained() const { return drained_; }
  // After a seek: forgets what it has seen.
  void flush();

  // How many pictures the decoder holds back to bring them into display order.
  int32_t reorderedPictures() const { return context_->has_b_frames; }
  int64_t errors() const { return errors_; }
  int32_t consecutiveErrors() const { return consecutiveErrors_; }
  void countError();  // a damaged packet noticed outside

 private:
  bool isDamaged(const AVFrame& picture) const;

  AvCodecContext context_;
  int64_t errors_ = 0;
  int32_t consecutiveErrors_ = 0;  // since the last good picture
  bool drained_ = false;
  bool recovered_ = false;  // a good picture came since the start or the last flush
};

}  // namespace framepath::media
