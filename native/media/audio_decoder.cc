#include "media/audio_decoder.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {
namespace {

AVChannelLayout layoutOf(const AVFrame& frame) {
  AVChannelLayout layout = frame.ch_layout;
  if (layout.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&layout, frame.ch_layout.nb_channels);
  return layout;
}

}  // namespace

AudioDecoder::AudioDecoder(const AVStream& stream, const std::string& uri) : shape_(newFrame()) {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (!codec)
    throw Error(ErrorCode::SOURCE_UNSUPPORTED,
                "No decoder for the audio of \"" + uri + "\" (" + avcodec_get_name(stream.codecpar->codec_id) + ").");
  context_.reset(avcodec_alloc_context3(codec));
  if (!context_) throw std::bad_alloc();
  av(avcodec_parameters_to_context(context_.get(), stream.codecpar), "avcodec_parameters_to_context",
     ErrorCode::SOURCE_UNSUPPORTED);
  context_->pkt_timebase = stream.time_base;
  context_->thread_count = 1;
  av(avcodec_open2(context_.get(), codec, nullptr), "avcodec_open2", ErrorCode::SOURCE_UNSUPPORTED);
}

int64_t AudioDecoder::heldBefore(const AVFrame& frame) {
  prepare(frame);
  return swr_get_delay(resampler_.get(), kAudioRate);
}

void AudioDecoder::convert(const AVFrame& frame, std::vector<float> (&samples)[2]) {
  prepare(frame);
  const int room = std::max(0, swr_get_out_samples(resampler_.get(), frame.nb_samples));
  const size_t before = samples[0].size();
  uint8_t* out[2];
  for (int c = 0; c < 2; c++) {
    samples[c].resize(before + static_cast<size_t>(room));
    out[c] = reinterpret_cast<uint8_t*>(samples[c].data() + before);
  }
  const int made =
      swr_convert(resampler_.get(), out, room, const_cast<const uint8_t**>(frame.extended_data), frame.nb_samples);
  for (auto& channel : samples) {
    channel.resize(before + static_cast<size_t>(std::max(0, made)));
    for (size_t i = before; i < channel.size(); i++)
      if (!(std::abs(channel[i]) <= kLoudest)) channel[i] = 0;
  }
}

void AudioDecoder::prepare(const AVFrame& frame) {
  if (resampler_ && shape_->format == frame.format && shape_->sample_rate == frame.sample_rate &&
      av_channel_layout_compare(&shape_->ch_layout, &frame.ch_layout) == 0)
    return;
  AVChannelLayout from = layoutOf(frame);
  AVChannelLayout to = AV_CHANNEL_LAYOUT_STEREO;
  SwrContext* made = nullptr;
  av(swr_alloc_set_opts2(&made, &to, AV_SAMPLE_FMT_FLTP, kAudioRate, &from, static_cast<AVSampleFormat>(frame.format),
                         frame.sample_rate, 0, nullptr),
     "swr_alloc_set_opts2", ErrorCode::OUTPUT_FAILED);
  resampler_.reset(made);
  // One channel goes to both sides as it is; libswresample alone would turn it down by 3 dB.
  constexpr double kBothSides[2] = {1, 1};
  if (frame.ch_layout.nb_channels == 1)
    av(swr_set_matrix(made, kBothSides, 1), "swr_set_matrix", ErrorCode::OUTPUT_FAILED);
  av(swr_init(made), "swr_init", ErrorCode::OUTPUT_FAILED);
  shape_->format = frame.format;
  shape_->sample_rate = frame.sample_rate;
  av(av_channel_layout_copy(&shape_->ch_layout, &frame.ch_layout), "av_channel_layout_copy", ErrorCode::OUTPUT_FAILED);
}

}  // namespace framepath::media
