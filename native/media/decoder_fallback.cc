#include "media/decoder_fallback.h"

#include <utility>

#include "media/decoder_choice.h"
#include "media/nvdec.h"

namespace framepath::media {

DecoderFallback::DecoderFallback(const AVStream& stream, bool stillImage, const SourceOptions& options,
                                 std::shared_ptr<Device> device)
    : stream_(stream), options_(options), device_(std::move(device)) {
  const bool gpu = device_ && device_->id().kind == DeviceKind::cuda;
  const bool required = options.decoder == DecoderChoice::hardware;
  if (required && !gpu)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE, "A source is to be decoded by a GPU, but the run is on the CPU.",
                "Use device: 'cuda:0', or decoder: 'auto'.");
  if (triesGpu(options, device_.get())) {
    const std::string refusal = openOnGpu();
    fellBack_ = !refusal.empty();
    if (fellBack_) requireSoftwareAllowed(refusal);
    if (fellBack_ && !stillImage) report(refusal);
  }
  if (!decoder_) openSoftware();
}

// Why not; empty: it is open.
std::string DecoderFallback::openOnGpu() {
  const AVCodecParameters& parameters = *stream_.codecpar;
  if (!HardwareDecoding::decoderFor(parameters.codec_id))
    return std::string("GPUs do not decode ") + avcodec_get_name(parameters.codec_id);
  if (parameters.format != AV_PIX_FMT_NONE) {
    std::string refusal = nvdecRefusal(*device_, parameters.codec_id, static_cast<AVPixelFormat>(parameters.format));
    if (!refusal.empty()) return refusal;
  }
  try {
    decoder_ = std::make_unique<Decoder>(stream_, device_, options_.extraFrames, options_.limits.maxPixels);
    return {};
  } catch (const Error& error) {
    if (error.code == ErrorCode::DEVICE_LOST) throw;
    return error.sentence;
  }
}

void DecoderFallback::openSoftware() {
  decoder_.reset();
  decoder_ = std::make_unique<Decoder>(stream_, options_);
}

void DecoderFallback::send(AVPacket* packet) {
  if (!packet) return decoder_->send(nullptr);
  if (untilKeyframe_ && !(packet->flags & AV_PKT_FLAG_KEY)) return;
  untilKeyframe_ = false;
  const int64_t number = ++sent_;
  if (decoder_->onGpu()) kept_.add(*packet, number);
  decoder_->send(packet, number);
}

AvFrame DecoderFallback::pull() {
  for (;;) {
    AvFrame picture = decoder_->pull();
    if (const std::string failure = decoder_->failure(); !failure.empty()) {
      fallBack(failure);
    } else if (!picture) {
      if (!sendKept()) return nullptr;
    } else if (decoder_->onGpu()) {
      kept_.emitted(*picture);
      return picture;
    } else if (!catchingUp_ || kept_.isNew(*picture)) {
      caughtUp();  // pictures come in display order: all others are new too
      return picture;
    }
  }
}

void DecoderFallback::fallBack(const std::string& reason) {
  requireSoftwareAllowed(reason);
  const bool refused = decoder_->refused();
  const bool catchUp = !kept_.complete() || kept_.anyEmitted();
  errorsBefore_ = catchUp ? errors() : errorsAtStart_;
  fellBack_ = true;
  catchingUp_ = catchUp;
  untilKeyframe_ = !kept_.complete();
  openSoftware();
  report((refused ? "" : "the GPU's decoder failed: ") + reason +
         (untilKeyframe_ ? "; pictures are missing up to a keyframe" : ""));
}

void DecoderFallback::requireSoftwareAllowed(const std::string& reason) const {
  if (options_.decoder != DecoderChoice::hardware) return;
  throw Error(decoder_ && !decoder_->refused() ? ErrorCode::DECODE_FAILED : ErrorCode::DEVICE_UNAVAILABLE,
              "The GPU cannot decode \"" + options_.uri + "\": " + reason + ".",
              "Use decoder: 'auto' to let the CPU decode what it cannot.");
}

void DecoderFallback::report(const std::string& reason) const {
  if (options_.recovered) options_.recovered("decoded in software", reason);
}

// What software could not decode on the way is no loss: the GPU showed it.
void DecoderFallback::caughtUp() {
  if (catchingUp_) errorsBefore_ -= decoder_->errors();
  catchingUp_ = false;
}

bool DecoderFallback::sendKept() {
  KeptPackets::Numbered next;
  if (decoder_->onGpu() || !kept_.again(next)) return false;
  decoder_->send(next.packet.get(), next.number);
  return true;
}

void DecoderFallback::flush() {
  caughtUp();
  errorsAtStart_ = errors();
  decoder_->flush();
  kept_.clear();
  untilKeyframe_ = false;
}

}  // namespace framepath::media
