// The GPU's decoder as long as it works, libav's in software from then on: no picture is lost or emitted twice.
#pragma once
#include <memory>
#include <string>

#include "media/decoder.h"
#include "media/kept_packets.h"

namespace framepath::media {

// As Decoder.
class DecoderFallback {
 public:
  // `options` outlives it; `device` may be null. Throws SOURCE_UNSUPPORTED, and with DecoderChoice::hardware
  // DEVICE_UNAVAILABLE where that cannot be.
  DecoderFallback(const AVStream& stream, bool stillImage, const SourceOptions& options,
                  std::shared_ptr<Device> device);

  // Both throw DEVICE_LOST, and with DecoderChoice::hardware DECODE_FAILED or DEVICE_UNAVAILABLE when the GPU does not
  // go on.
  void send(AVPacket* packet);
  AvFrame pull();
  bool drained() const { return decoder_->drained(); }
  void flush();

  bool onGpu() const { return decoder_->onGpu(); }
  bool fellBack() const { return fellBack_; }  // the GPU refused or failed
  int32_t reorderedPictures() const { return decoder_->reorderedPictures(); }
  bool exceededPixels() const { return decoder_->exceededPixels(); }
  int64_t errors() const { return errorsBefore_ + (catchingUp_ ? 0 : decoder_->errors()); }
  int32_t consecutiveErrors() const { return decoder_->consecutiveErrors(); }
  void countError() { decoder_->countError(); }

 private:
  std::string openOnGpu();
  void openSoftware();
  void fallBack(const std::string& reason);
  bool sendKept();
  void caughtUp();
  void requireSoftwareAllowed(const std::string& reason) const;
  void report(const std::string& reason) const;

  const AVStream& stream_;
  const SourceOptions& options_;
  const std::shared_ptr<Device> device_;
  std::unique_ptr<Decoder> decoder_;
  KeptPackets kept_;
  int64_t sent_ = 0;           // packets
  int64_t errorsBefore_ = 0;   // beside those of the decoder
  int64_t errorsAtStart_ = 0;  // all, when it started or was flushed
  bool fellBack_ = false;
  bool catchingUp_ = false;     // software decodes what the GPU has emitted
  bool untilKeyframe_ = false;  // what comes before one cannot be decoded
};

}  // namespace framepath::media
