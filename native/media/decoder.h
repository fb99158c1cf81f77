// One stream's packets in, pictures out, by one decoder of libav. Damaged packets and pictures are counted and left
// out.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "media/av.h"
#include "media/hardware_decoding.h"
#include "media/picture_limit.h"
#include "media/source_reader.h"

namespace framepath::media {

class Decoder {
 public:
  // In software. Throws SOURCE_UNSUPPORTED when this libav cannot decode the codec.
  Decoder(const AVStream& stream, const SourceOptions& options);
  // On a GPU, where HardwareDecoding::decoderFor() has one: pictures are surfaces, of which others will hold `held` at
  // once. Throws SOURCE_UNSUPPORTED, DEVICE_UNAVAILABLE.
  Decoder(const AVStream& stream, const std::shared_ptr<Device>& gpu, int32_t held, int64_t maxPixels = 0);

  // The packet is taken (null = no more will come); pull everything before sending the next one. Its picture comes out
  // with `number` (compat.h).
  void send(AVPacket* packet, int64_t number = 0);
  // Null: needs another packet, or `drained`, or the GPU failed.
  AvFrame pull();
  bool drained() const { return drained_; }
  // After a seek: drops what it has seen.
  void flush();

  bool onGpu() const { return hardware_ != nullptr; }
  // Why the GPU gives no more pictures; empty: it does, or this is software.
  std::string failure() const { return hardware_ ? hardware_->failure() : std::string(); }

  // A picture had more pixels than the source's limits allow.
  bool exceededPixels() const { return limit_ && limit_->exceeded(); }

  bool refused() const { return hardware_ && hardware_->refused(); }  // it is not that it failed

  // How many pictures the decoder holds back to bring them into display order.
  int32_t reorderedPictures() const { return context_->has_b_frames; }
  int64_t errors() const { return errors_; }
  int32_t consecutiveErrors() const { return consecutiveErrors_; }
  void countError();  // a damaged packet noticed outside

 private:
  Decoder(const AVStream& stream, const AVCodec* codec);
  void open(int64_t maxPixels);
  static int getBuffer(AVCodecContext* context, AVFrame* picture, int flags);
  bool gpuFailed(int result) { return hardware_ && hardware_->failed(result); }
  bool isDamaged(const AVFrame& picture) const;
  void finish();

  std::unique_ptr<HardwareDecoding> hardware_;  // these three outlive what refers to them
  std::optional<PictureLimit> limit_;
  std::shared_ptr<PictureMemory> memory_;
  AvCodecContext context_;
  int64_t errors_ = 0;
  int32_t consecutiveErrors_ = 0;  // since the last good picture
  int64_t withoutPicture_ = 0;     // packets sent less good pictures, since the start or the last flush
  int64_t errorsBefore_ = 0;       // before that
  bool drained_ = false;
  bool recovered_ = false;  // a good picture came since the start or the last flush
};

}  // namespace framepath::media
