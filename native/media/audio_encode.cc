#include "media/audio_encode.h"

#include <algorithm>

#include "media/ticks.h"

namespace framepath::media {
namespace {

constexpr int64_t kBitrate = 160'000;  // libavcodec's AAC is transparent to most ears from about 128 kbit/s stereo

AvCodecContext openAac() {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  if (!codec) {
    throw Error(ErrorCode::ENCODER_UNAVAILABLE, "This libavcodec has no AAC encoder.",
                "Choose audio 'none', or install an FFmpeg with its aac encoder.");
  }
  AvCodecContext context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  const AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
  av(av_channel_layout_copy(&context->ch_layout, &stereo), "av_channel_layout_copy", ErrorCode::ENCODE_FAILED);
  context->sample_rate = kAudioRate;
  context->sample_fmt = AV_SAMPLE_FMT_FLTP;
  context->bit_rate = kBitrate;
  context->time_base = kAudioTick;
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av(avcodec_open2(context.get(), codec, nullptr), "avcodec_open2(aac)", ErrorCode::ENCODER_UNAVAILABLE);
  return context;
}

class EncodedAudio : public AudioTrack {
 public:
  explicit EncodedAudio(AudioMixer mixer)
      : mixer_(std::move(mixer)), encoder_(openAac()), parameters_(avcodec_parameters_alloc()), frame_(newFrame()) {
    if (!parameters_) throw std::bad_alloc();
    av(avcodec_parameters_from_context(parameters_.get(), encoder_.get()), "avcodec_parameters_from_context",
       ErrorCode::ENCODE_FAILED);
    next_ = -encoder_->initial_padding;
  }

  const AVCodecParameters& parameters() const override { return *parameters_; }
  AVRational timeBase() const override { return kAudioTick; }
  int64_t nextUs() const override {
    return next_ == INT64_MAX ? next_ : av_rescale_q(next_, kAudioTick, kMicroseconds);
  }

  void advance(int64_t untilUs, const Emit& emit) override {
    encodeTo(mixer_.readyTo(av_rescale_q(untilUs, kMicroseconds, kAudioTick)), emit);
  }

  void finish(int64_t endUs, const Emit& emit) override {
    const int64_t end = av_rescale_q(endUs, kMicroseconds, kAudioTick);
    encodeTo(end, emit);
    const int64_t rest = end - position_;
    if (rest > 0) encode(static_cast<int>(rest), emit);
    av(avcodec_send_frame(encoder_.get(), nullptr), "aac", ErrorCode::ENCODE_FAILED);
    drain(emit);
    next_ = INT64_MAX;
  }

  void join(AudioRef audio, int64_t fromUs) override {
    mixer_.join(std::move(audio), av_rescale_q(fromUs, kMicroseconds, kAudioTick));
  }
  void leave(int32_t source, int64_t atUs) override {
    mixer_.leave(source, av_rescale_q(atUs, kMicroseconds, kAudioTick));
  }

  bool adjustable() const override { return true; }
  bool live() const override { return mixer_.live(); }
  void setGain(int32_t source, float gain) override { mixer_.setGain(source, gain); }

  std::vector<std::string> losses() const override { return mixer_.losses(); }
  std::vector<SilentAudio> silent() const override { return mixer_.silent(); }

 private:
  void encodeTo(int64_t position, const Emit& emit) {
    while (position_ + encoder_->frame_size <= position) encode(encoder_->frame_size, emit);
  }

  void encode(int samples, const Emit& emit) {
    frame_->nb_samples = samples;
    frame_->format = AV_SAMPLE_FMT_FLTP;
    frame_->sample_rate = kAudioRate;
    av(av_channel_layout_copy(&frame_->ch_layout, &encoder_->ch_layout), "av_channel_layout_copy",
       ErrorCode::ENCODE_FAILED);
    av(av_frame_get_buffer(frame_.get(), 0), "av_frame_get_buffer", ErrorCode::ENCODE_FAILED);
    mixer_.read(reinterpret_cast<float*>(frame_->data[0]), reinterpret_cast<float*>(frame_->data[1]), samples);
    frame_->pts = position_;
    position_ += samples;
    av(avcodec_send_frame(encoder_.get(), frame_.get()), "aac", ErrorCode::ENCODE_FAILED);
    av_frame_unref(frame_.get());
    drain(emit);
  }

  void drain(const Emit& emit) {
    while (true) {
      AvPacket packet = newPacket();
      const int result = avcodec_receive_packet(encoder_.get(), packet.get());
      if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
      av(result, "aac", ErrorCode::ENCODE_FAILED);
      next_ = packet->pts + packet->duration;
      emit(std::move(packet));
    }
  }

  AudioMixer mixer_;
  AvCodecContext encoder_;
  AvCodecParameters parameters_;
  AvFrame frame_;
  int64_t position_ = 0;  // samples given to the encoder
  int64_t next_ = 0;
};

}  // namespace

std::unique_ptr<AudioTrack> encodeAudio(AudioMixer mixer) {
  return std::make_unique<EncodedAudio>(std::move(mixer));
}

}  // namespace framepath::media
