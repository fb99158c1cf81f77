#include "media/decoder.h"

#include <algorithm>

#include "media/compat.h"
#include "media/picture_memory.h"

namespace framepath::media {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 28;  // 16384 x 16384: a header may claim sizes that no memory holds

const AVCodec* findDecoder(AVCodecID id) {
  if (id != AV_CODEC_ID_AV1) return avcodec_find_decoder(id);
  // libav's own AV1 decoder needs hardware.
  const AVCodec* dav1d = avcodec_find_decoder_by_name("libdav1d");
  return dav1d ? dav1d : avcodec_find_decoder_by_name("libaom-av1");
}

AVDiscard discardOf(SkipLoopFilter skip) {
  switch (skip) {
    case SkipLoopFilter::none: break;
    case SkipLoopFilter::nonref: return AVDISCARD_NONREF;
    case SkipLoopFilter::all: return AVDISCARD_ALL;
  }
  return AVDISCARD_DEFAULT;
}

}  // namespace

Decoder::Decoder(const AVStream& stream, const AVCodec* codec) {
  quietLog();
  const AVCodecParameters& parameters = *stream.codecpar;
  if (!codec)
    throw Error(ErrorCode::SOURCE_UNSUPPORTED,
                std::string("This libav has no decoder for ") + avcodec_get_name(parameters.codec_id) + ".");
  context_.reset(avcodec_alloc_context3(codec));
  if (!context_) throw std::bad_alloc();
  av(avcodec_parameters_to_context(context_.get(), &parameters), "avcodec_parameters_to_context",
     ErrorCode::SOURCE_UNSUPPORTED);
  context_->pkt_timebase = stream.time_base;
  // Pictures before the first point of recovery come out marked, so that they can be counted. Unaligned: the picture
  // is cropped as the stream states, not where it suits the CPU.
  context_->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT | AV_CODEC_FLAG_UNALIGNED;
  numberPictures(*context_);
}

Decoder::Decoder(const AVStream& stream, const SourceOptions& options)
    : Decoder(stream, findDecoder(stream.codecpar->codec_id)) {
  context_->thread_count = options.threads;
  // Each thread that decodes a frame of its own holds one back: of 16, half a second at 30 frames/s.
  context_->thread_type = options.live ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE;
  context_->skip_loop_filter = discardOf(options.skipLoopFilter);
  context_->opaque = this;
  memory_ = options.memory;
  if (memory_) {
    context_->get_buffer2 = getBuffer;
    allowThreadsToGetBuffers(*context_);
  }
  open(options.limits.maxPixels);
}

Decoder::Decoder(const AVStream& stream, const std::shared_ptr<Device>& gpu, int32_t held, int64_t maxPixels)
    : Decoder(stream, HardwareDecoding::decoderFor(stream.codecpar->codec_id)) {
  hardware_ = std::make_unique<HardwareDecoding>(*context_, gpu, held);
  open(maxPixels);
}

void Decoder::open(int64_t maxPixels) {
  limit_.emplace(*context_, maxPixels > 0 ? std::min(maxPixels, kMaxPixels) : kMaxPixels);
  const AVCodec* codec = context_->codec;  // a context that did not open has none
  av(avcodec_open2(context_.get(), codec, nullptr), std::string("Could not start the decoder ") + codec->name,
     ErrorCode::SOURCE_UNSUPPORTED);
}

// On any of the decoder's threads.
int Decoder::getBuffer(AVCodecContext* context, AVFrame* picture, int flags) {
  const auto& self = *static_cast<const Decoder*>(context->opaque);
  const bool takesOurs = context->codec->capabilities & AV_CODEC_CAP_DR1;
  if (takesOurs && self.memory_->fill(*context, *picture)) return 0;
  return avcodec_default_get_buffer2(context, picture, flags);
}

void Decoder::send(AVPacket* packet, int64_t number) {
  setNumber(*context_, packet, number);
  const int result = avcodec_send_packet(context_.get(), packet);
  if (gpuFailed(result)) return;
  if (packet && !(packet->flags & AV_PKT_FLAG_DISCARD)) withoutPicture_++;
  if (result < 0 && result != AVERROR_EOF) countError();
}

AvFrame Decoder::pull() {
  // A decoder that answers with errors for ever while draining must not hold the caller.
  for (int attempt = 0; attempt < 1000; attempt++) {
    AvFrame frame = newFrame();
    const int result = avcodec_receive_frame(context_.get(), frame.get());
    if (result == AVERROR(EAGAIN)) return nullptr;
    if (result == AVERROR_EOF) {
      finish();
      return nullptr;
    }
    if (gpuFailed(result)) return nullptr;
    if (result < 0) {
      countError();
    } else if (isDamaged(*frame)) {
      errors_++;  // a picture came out, if a wrong one: the stream is alive
      consecutiveErrors_ = 0;
    } else {
      consecutiveErrors_ = 0;
      recovered_ = true;
      withoutPicture_--;
      if (hardware_) hardware_->mark(*frame);
      return frame;
    }
  }
  finish();
  return nullptr;
}

// AV1: each packet is a temporal unit, with exactly one picture to display (AV1 specification, 7.5). libdav1d drops
// some damaged ones without an error.
void Decoder::finish() {
  drained_ = true;
  if (context_->codec_id == AV_CODEC_ID_AV1) errors_ = std::max(errors_, errorsBefore_ + withoutPicture_);
}

void Decoder::flush() {
  avcodec_flush_buffers(context_.get());
  withoutPicture_ = 0;
  errorsBefore_ = errors_;
  drained_ = false;
  recovered_ = false;
}

bool Decoder::isDamaged(const AVFrame& picture) const {
  if (picture.decode_error_flags) return true;
  if (!(picture.flags & AV_FRAME_FLAG_CORRUPT)) return false;
  // H.264 after a point of recovery: what follows in display order is whole, but libav only notes it for pictures that
  // pass through its reordering, not for the last ones.
  return context_->codec_id != AV_CODEC_ID_H264 || !recovered_;
}

void Decoder::countError() {
  errors_++;
  consecutiveErrors_++;
}

}  // namespace framepath::media
