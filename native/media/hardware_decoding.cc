#include "media/hardware_decoding.h"

#include <algorithm>

#include "media/compat.h"
#include "media/nvdec.h"

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/imgutils.h>
}

namespace framepath::media {
namespace {

constexpr int32_t kMaxSurfaces = 32;  // of one decoder (NVIDIA's documentation)
constexpr int32_t kWorkSurfaces = 3;  // that libav adds to what its codecs ask for

const char* decoderName(AVCodecID codec) {
  switch (codec) {
    case AV_CODEC_ID_H264: return "h264";
    case AV_CODEC_ID_HEVC: return "hevc";
    case AV_CODEC_ID_VP9: return "vp9";
    case AV_CODEC_ID_AV1: return "av1";
    default: return nullptr;
  }
}

bool takesCuda(const AVCodec& codec) {
  for (int i = 0; const AVCodecHWConfig* config = avcodec_get_hw_config(&codec, i); i++)
    if (config->pix_fmt == AV_PIX_FMT_CUDA && config->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) return true;
  return false;
}

int32_t depthOf(AVPixelFormat format) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  return d ? d->comp[0].depth : 8;
}

}  // namespace

const AVCodec* HardwareDecoding::decoderFor(AVCodecID codec) {
  const char* name = decoderName(codec);
  const AVCodec* decoder = name ? avcodec_find_decoder_by_name(name) : nullptr;
  return decoder && takesCuda(*decoder) ? decoder : nullptr;
}

HardwareDecoding::HardwareDecoding(AVCodecContext& context, const std::shared_ptr<Device>& device, int32_t held)
    : device_(device), context_(context), hardware_(device), held_(std::max(0, held)) {
  context.hw_device_ctx = av_buffer_ref(hardware_.get());
  if (!context.hw_device_ctx) throw std::bad_alloc();
  giveSurfacesOut(context);
  context.thread_count = 1;  // the GPU does the work; threads would only hold surfaces
  context.opaque = this;
  context.get_format = chooseFormat;
}

AVPixelFormat HardwareDecoding::chooseFormat(AVCodecContext* context, const AVPixelFormat* offered) {
  auto& self = *static_cast<HardwareDecoding*>(context->opaque);
  for (const AVPixelFormat* format = offered; *format != AV_PIX_FMT_NONE; format++) {
    if (*format != AV_PIX_FMT_CUDA) continue;
    if (self.accepts()) return AV_PIX_FMT_CUDA;
  }
  self.refused_ = true;
  if (self.failure_.empty()) self.failure_ = takeLastLog();
  if (self.failure_.empty()) self.failure_ = "libav does not decode this format on a GPU";
  return AV_PIX_FMT_NONE;
}

// Called by libav, through which nothing may be thrown.
bool HardwareDecoding::accepts() {
  try {
    failure_ =
        nvdecRefusal(*device_, context_.codec_id, context_.sw_pix_fmt, context_.coded_width, context_.coded_height);
    if (!failure_.empty()) return false;
    reserveSurfaces();
    takeLastLog();  // what follows is the reason when libav asks again
    return true;
  } catch (const Error& error) {
    failure_ = error.sentence;
    return false;
  }
}

// Surfaces for what the stream refers to and for what others hold; where these are too many, the others get copies.
void HardwareDecoding::reserveSurfaces() {
  context_.extra_hw_frames = 0;
  AVBufferRef* reference = nullptr;
  if (avcodec_get_hw_frames_parameters(&context_, hardware_.get(), AV_PIX_FMT_CUDA, &reference) < 0) return;
  const AvBuffer owned(reference);
  const auto& frames = *reinterpret_cast<const AVHWFramesContext*>(reference->data);
  const int32_t needed = frames.initial_pool_size + kWorkSurfaces;
  const int32_t spare = std::clamp(kMaxSurfaces - needed, 0, held_);
  context_.extra_hw_frames = spare;
  surfaces_->allowed = spare;
  const int bytes = av_image_get_buffer_size(frames.sw_format, frames.width, frames.height, 256);
  reservation_.reset();
  reservation_ = device_->reserve(static_cast<uint64_t>(std::max(0, bytes)) * static_cast<uint64_t>(needed + spare),
                                  "surfaces of a video decoder");
}

bool HardwareDecoding::failed(int result) {
  const bool fine = result >= 0 || result == AVERROR(EAGAIN) || result == AVERROR_EOF;
  if (!refused_ && (fine || result == AVERROR_INVALIDDATA)) return false;
  if (failure_.empty()) failure_ = avErrorText(result);
  hardware_.queue().synchronize();
  return true;
}

void HardwareDecoding::mark(AVFrame& picture) {
  markSurface(picture, hardware_.queue().record(), depthOf(context_.sw_pix_fmt), surfaces_);
}

}  // namespace framepath::media
