#include "media/jpeg.h"

#include <algorithm>
#include <cmath>

#include "media/av.h"
#include "media/pixel_format.h"

namespace framepath::media {
namespace {

AVPixelFormat avFormatOf(const PixelFormat& wanted) {
  const AVPixFmtDescriptor* descriptor = nullptr;
  while ((descriptor = av_pix_fmt_desc_next(descriptor))) {
    const AVPixelFormat format = av_pix_fmt_desc_get_id(descriptor);
    if (expressed(format) == wanted) return format;
  }
  throw Error(ErrorCode::ENCODE_FAILED, "libav has no pixel format for pictures of this layout and depth.");
}

int swsMatrix(ColorMatrix matrix) {
  switch (matrix) {
    case ColorMatrix::bt601: return SWS_CS_ITU601;
    case ColorMatrix::bt709: return SWS_CS_ITU709;
    case ColorMatrix::bt2020: return SWS_CS_BT2020;
  }
  return SWS_CS_ITU709;
}

// JFIF wants BT.601, full range.
AvFrame convert(const ImageView& view) {
  AvFrame frame = newFrame();
  frame->width = view.width;
  frame->height = view.height;
  frame->format = AV_PIX_FMT_YUV420P;
  frame->color_range = AVCOL_RANGE_JPEG;
  frame->colorspace = AVCOL_SPC_BT470BG;
  av(av_frame_get_buffer(frame.get(), 0), "av_frame_get_buffer", ErrorCode::ENCODE_FAILED);
  const AvScaler scaler(sws_getContext(view.width, view.height, avFormatOf(view.format), view.width, view.height,
                                       AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, nullptr,
                                       nullptr, nullptr));
  if (!scaler) throw Error(ErrorCode::ENCODE_FAILED, "libswscale cannot convert this picture: " + takeLastLog() + ".");
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(swsMatrix(view.matrix)), view.range == ColorRange::full,
                           sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16);
  const uint8_t* planes[4] = {};
  int pitches[4] = {};
  for (int i = 0; i < 3; i++) {
    planes[i] = view.planes[i].data;
    pitches[i] = view.planes[i].pitchBytes;
  }
  av(sws_scale(scaler.get(), planes, pitches, 0, view.height, frame->data, frame->linesize), "sws_scale",
     ErrorCode::ENCODE_FAILED);
  return frame;
}

// The usual quality scale (libjpeg's factor on its table for 50) on libavcodec's quantizer, whose 8 is about that
// table.
int quantizerOf(int quality) {
  const double q = std::clamp(quality, 1, 100);
  const double factor = q < 50 ? 50 / q : 2 - q / 50;
  return std::clamp(static_cast<int>(std::lround(8 * factor)), 1, 31);
}

}  // namespace

std::vector<uint8_t> encodeJpeg(const ImageView& view, int quality) {
  quietLog();
  takeLastLog();
  if (view.width <= 0 || view.height <= 0 || view.width > 65500 || view.height > 65500) {
    throw Error(ErrorCode::ENCODE_FAILED, "A JPEG cannot be " + std::to_string(view.width) + "x" +
                                              std::to_string(view.height) + " pixels large.");
  }
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (!codec) throw Error(ErrorCode::ENCODE_FAILED, "This libavcodec has no mjpeg encoder.");
  const AvFrame frame = convert(view);
  const AvCodecContext context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  const int quantizer = quantizerOf(quality);
  context->width = view.width;
  context->height = view.height;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->color_range = AVCOL_RANGE_JPEG;
  context->colorspace = AVCOL_SPC_BT470BG;
  context->time_base = {1, 25};
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_QSCALE;
  context->qmin = 1;
  context->mb_lmin = FF_QP2LAMBDA;
  context->global_quality = quantizer * FF_QP2LAMBDA;
  av(avcodec_open2(context.get(), codec, nullptr), "mjpeg", ErrorCode::ENCODE_FAILED);
  frame->quality = context->global_quality;
  frame->pts = 0;
  av(avcodec_send_frame(context.get(), frame.get()), "mjpeg", ErrorCode::ENCODE_FAILED);
  av(avcodec_send_frame(context.get(), nullptr), "mjpeg", ErrorCode::ENCODE_FAILED);
  const AvPacket packet = newPacket();
  av(avcodec_receive_packet(context.get(), packet.get()), "mjpeg", ErrorCode::ENCODE_FAILED);
  return {packet->data, packet->data + packet->size};
}

}  // namespace framepath::media
