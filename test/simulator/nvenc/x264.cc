#include "simulator/nvenc/backend.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

namespace framepath::simulator {
namespace {

class X264 : public Backend {
 public:
  ~X264() override { avcodec_free_context(&context_); }

  bool open(const Stream& stream) {
    const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
    if (!codec) return false;
    context_ = avcodec_alloc_context3(codec);
    context_->width = stream.width;
    context_->height = stream.height;
    context_->pix_fmt = AV_PIX_FMT_YUV420P;
    context_->time_base = {1, 90000};
    context_->framerate = {stream.fpsNum, stream.fpsDen};
    context_->gop_size = stream.gop;
    context_->max_b_frames = stream.bFrames;
    context_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
    context_->thread_count = 1;
    context_->color_range = stream.fullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    context_->colorspace = static_cast<AVColorSpace>(stream.matrix);
    context_->color_primaries = static_cast<AVColorPrimaries>(stream.primaries);
    context_->color_trc = static_cast<AVColorTransferCharacteristic>(stream.transfer);
    set("preset", "ultrafast");
    set("forced-idr", "1");
    set("x264-params", "force-cfr=1:b-adapt=0:scenecut=0:sync-lookahead=0:rc-lookahead=0:mbtree=0:bframes=" +
                           std::to_string(stream.bFrames));
    if (stream.bitrate > 0)
      setBitrate(stream.bitrate);
    else
      set("crf", std::to_string(stream.quality));
    if (avcodec_open2(context_, codec, nullptr) < 0) return false;
    header_.assign(context_->extradata, context_->extradata + context_->extradata_size);
    return true;
  }

  const std::vector<uint8_t>& header() const override { return header_; }

  bool encode(const AVFrame* picture, bool keyframe, std::vector<Coded>& packets) override {
    AVFrame* sent = picture ? av_frame_clone(picture) : nullptr;
    if (sent) sent->pict_type = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    const int result = avcodec_send_frame(context_, sent);
    av_frame_free(&sent);
    if (result < 0) return false;
    AVPacket* packet = av_packet_alloc();
    while (avcodec_receive_packet(context_, packet) >= 0) {
      packets.push_back({{packet->data, packet->data + packet->size},
                         static_cast<uint64_t>(packet->pts),
                         (packet->flags & AV_PKT_FLAG_KEY) != 0});
      av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return true;
  }

  void setBitrate(int64_t bitrate) override {
    context_->bit_rate = context_->rc_max_rate = bitrate;
    context_->rc_buffer_size = static_cast<int>(bitrate);
  }

 private:
  void set(const char* key, const std::string& value) { av_opt_set(context_->priv_data, key, value.c_str(), 0); }

  AVCodecContext* context_ = nullptr;
  std::vector<uint8_t> header_;
};

}  // namespace

std::unique_ptr<Backend> openX264(const Stream& stream) {
  auto backend = std::make_unique<X264>();
  return backend->open(stream) ? std::move(backend) : nullptr;
}

}  // namespace framepath::simulator
