#include "media/libav_encoder.h"

#include <algorithm>
#include <utility>

#include "device/image.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

AVColorTransferCharacteristic libavTransfer(ColorTransfer transfer) {
  switch (transfer) {
    case ColorTransfer::sdr: return AVCOL_TRC_BT709;
    case ColorTransfer::pq: return AVCOL_TRC_SMPTE2084;
    case ColorTransfer::hlg: return AVCOL_TRC_ARIB_STD_B67;
  }
  return AVCOL_TRC_BT709;
}

// Of canvases, and so of streams.
template <typename Described>
void describeColor(Described& described, ColorTransfer transfer) {
  const bool wide = transfer != ColorTransfer::sdr;
  described.color_range = AVCOL_RANGE_MPEG;
  described.colorspace = wide ? AVCOL_SPC_BT2020_NCL : AVCOL_SPC_BT709;
  described.color_primaries = wide ? AVCOL_PRI_BT2020 : AVCOL_PRI_BT709;
  described.color_trc = libavTransfer(transfer);
}

}  // namespace

int64_t TickGrid::next(int64_t ptsUs) {
  last_ = std::max(last_ + 1, ticksOfUs(ptsUs, rate_));
  return last_;
}

AvCodecContext newEncoderContext(const char* encoder, const EncoderOptions& options) {
  const AVCodec* codec = avcodec_find_encoder_by_name(encoder);
  if (!codec) return nullptr;
  AvCodecContext context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  context->width = options.width;
  context->height = options.height;
  context->time_base = tickOf(ticksOf(options));
  context->framerate = {options.fps.num, options.fps.den};
  context->sample_aspect_ratio = {1, 1};
  describeColor(*context, transferOf(options.dynamicRange));
  context->chroma_sample_location = AVCHROMA_LOC_LEFT;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  return context;
}

AvFrame pictureOf(const FrameRef& canvas) {
  const ImageView& view = canvas->view;
  AvFrame frame = newFrame();
  auto held = std::make_unique<FrameRef>(canvas);
  const size_t bytes = static_cast<size_t>(view.planes[0].pitchBytes) * view.height;
  frame->buf[0] = av_buffer_create(
      view.planes[0].data, bytes,
      [](void* opaque, uint8_t*) { std::unique_ptr<FrameRef> release(static_cast<FrameRef*>(opaque)); }, held.get(),
      AV_BUFFER_FLAG_READONLY);
  if (!frame->buf[0]) throw std::bad_alloc();
  held.release();
  for (int plane = 0; plane < planeCount(view.format); plane++) {
    frame->data[plane] = view.planes[plane].data;
    frame->linesize[plane] = view.planes[plane].pitchBytes;
  }
  frame->width = view.width;
  frame->height = view.height;
  describeColor(*frame, view.transfer);
  return frame;
}

LibavEncoder::LibavEncoder(const EncoderOptions& options, const ProfileRow& row, AvCodecContext context,
                           int64_t afterTick)
    : options_(options),
      row_(row),
      context_(std::move(context)),
      ticks_(ticksOf(options), afterTick),
      parameters_(avcodec_parameters_alloc()),
      packet_(newPacket()) {
  if (!parameters_) throw std::bad_alloc();
  av(avcodec_parameters_from_context(parameters_.get(), context_.get()), "avcodec_parameters_from_context",
     ErrorCode::ENCODE_FAILED);
}

RateFigures LibavEncoder::rate() const {
  RateFigures rate;
  rate.control = rateControlOf(row_, options_);
  if (rate.control == RateControl::constant) rate.min = rate.mean = rate.max = options_.bitrate;
  return rate;
}

void LibavEncoder::require(const ImageView& canvas) const {
  if (canvas.format == inputFormat() && canvas.width == options_.width && canvas.height == options_.height) return;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "The encoder was opened for pictures of " + std::to_string(options_.width) + "x" +
                  std::to_string(options_.height) + " in its inputFormat() and was given one of " +
                  std::to_string(canvas.width) + "x" + std::to_string(canvas.height) + " or another format.");
}

void LibavEncoder::send(AVFrame& picture, int64_t tick, const Emit& emit) {
  picture.pts = tick;
  picture.pict_type = std::exchange(forced_, false) ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  begun_ = true;
  av(avcodec_send_frame(context_.get(), &picture), name(), ErrorCode::ENCODE_FAILED);
  drain(emit);
}

void LibavEncoder::finish(const Emit& emit) {
  if (drained_ || !begun_) return;
  if (!ended_) av(avcodec_send_frame(context_.get(), nullptr), name(), ErrorCode::ENCODE_FAILED);
  ended_ = true;
  drain(emit);  // `emit` may throw to end it
  drained_ = true;
}

void LibavEncoder::drain(const Emit& emit) {
  while (true) {
    const int result = avcodec_receive_packet(context_.get(), packet_.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
    av(result, name(), ErrorCode::ENCODE_FAILED);
    complete(*packet_);
    Packet packet;
    packet.codec = avcodec_get_name(context_->codec_id);
    packet.data = std::make_shared<const std::vector<uint8_t>>(packet_->data, packet_->data + packet_->size);
    packet.ptsUs = usOfTicks(packet_->pts, ticksOf(options_));
    packet.dtsUs = usOfTicks(packet_->dts, ticksOf(options_));
    packet.durationUs = usOfTicks(1, options_.fps);
    packet.keyframe = packet_->flags & AV_PKT_FLAG_KEY;
    av_packet_unref(packet_.get());
    emit(std::move(packet));
  }
}

}  // namespace framepath::media
