#include "media/audio_source.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {
namespace {

// Containers round time stamps (Matroska and FLV to 1 ms) and encoders jitter by a few. Below this a deviation is
// rounding; lips and voice are seen apart from about twice as much.
constexpr int64_t kTolerance = kAudioRate / 50;
// Decoders with overlapping windows need packets before the first one that counts.
constexpr int64_t kPrerollUs = 150'000;
// Samples are within 1, or a little more. Float audio may hold anything, and an encoder fails at what is no number.
constexpr float kLoudest = 64;
// A gap becomes silence piece by piece: by the next one its pictures may have cut it out.
constexpr int64_t kSilenceAtOnce = kAudioRate / 10;

AVChannelLayout layoutOf(const AVFrame& frame) {
  AVChannelLayout layout = frame.ch_layout;
  if (layout.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&layout, frame.ch_layout.nb_channels);
  return layout;
}

}  // namespace

DecodedAudio::DecodedAudio(std::unique_ptr<Input> input, int stream, const AudioInput& cut)
    : AudioSource(cut.source),
      input_(std::move(input)),
      stream_(stream),
      shape_(newFrame()),
      frame_(newFrame()),
      packet_(newPacket()),
      cuts_(cut.cuts),
      stop_(cut.stop),
      clock_(cut.cuts) {
  const AVStream& audio = *input_->format()->streams[stream_];
  const AVCodec* codec = avcodec_find_decoder(audio.codecpar->codec_id);
  if (!codec) {
    throw Error(ErrorCode::SOURCE_UNSUPPORTED, "No decoder for the audio of \"" + input_->uri() + "\" (" +
                                                   avcodec_get_name(audio.codecpar->codec_id) + ").");
  }
  decoder_.reset(avcodec_alloc_context3(codec));
  if (!decoder_) throw std::bad_alloc();
  av(avcodec_parameters_to_context(decoder_.get(), audio.codecpar), "avcodec_parameters_to_context",
     ErrorCode::SOURCE_UNSUPPORTED);
  decoder_->pkt_timebase = audio.time_base;
  decoder_->thread_count = 1;
  av(avcodec_open2(decoder_.get(), codec, nullptr), "avcodec_open2", ErrorCode::SOURCE_UNSUPPORTED);

  const int64_t origin = input_->originUs();
  const int64_t startUs = (origin == AV_NOPTS_VALUE ? 0 : origin) + cut.startMs * 1000;
  zeroTicks_ = av_rescale_q(startUs, AV_TIME_BASE_Q, audio.time_base);
  begin_ = cut.offsetMs * kAudioRate / 1000;
  if (cut.endMs >= 0) lengthUs_ = std::max<int64_t>(0, cut.endMs - cut.startMs) * 1000;
  silence_ = filled_ = std::max<int64_t>(0, begin_);
  if (cut.startMs > 0 && input_->seekable()) {
    input_->seek(stream_, av_rescale_q(startUs - kPrerollUs, AV_TIME_BASE_Q, audio.time_base));
  }
}

void DecodedAudio::joinAt(int64_t begin, int64_t position) {
  begin_ = begin;
  filled_ = std::max(begin, position);
  silence_ = filled_ - position;
}

int64_t DecodedAudio::end() const {
  if (lengthUs_ < 0) return INT64_MAX;
  return begin_ + (cuts_ ? cuts_->placeUs(lengthUs_) : lengthUs_) * kAudioRate / 1'000'000;
}

void DecodedAudio::read(float* left, float* right, int count) {
  float* const out[2] = {left, right};
  int done = 0;
  while (done < count) {
    const int64_t queued = static_cast<int64_t>(samples_[0].size() - taken_);
    int64_t some = count - done;
    if (silence_ > 0 || (queued == 0 && !fill())) {
      if (silence_ > 0) {
        some = std::min(some, silence_);
        silence_ -= some;
      }
      for (float* channel : out) std::fill_n(channel + done, some, 0.0f);
    } else if (queued > 0) {
      some = std::min(some, queued);
      for (int c = 0; c < 2; c++) std::copy_n(samples_[c].data() + taken_, some, out[c] + done);
      taken_ += some;
    } else {
      continue;  // filled just now
    }
    done += static_cast<int>(some);
  }
}

// True: there is silence or there are samples in the queue. False: the source has ended.
bool DecodedAudio::fill() {
  samples_[0].clear();
  samples_[1].clear();
  taken_ = 0;
  while (!ended_ && silence_ == 0 && samples_[0].empty()) {
    if (filled_ >= end() || !decodeNext()) ended_ = true;
  }
  if (ended_) {  // many may come and end while the composition goes on
    decoder_.reset();
    input_.reset();
  }
  return !ended_ || silence_ > 0 || !samples_[0].empty();
}

bool DecodedAudio::decodeNext() {
  if (heldUs_) {
    place(*frame_);
    if (!heldUs_) av_frame_unref(frame_.get());
    return true;
  }
  while (true) {
    const int result = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (result == 0) {
      place(*frame_);
      if (!heldUs_) av_frame_unref(frame_.get());
      return true;
    }
    if (draining_) return false;
    // Damaged packets are skipped: their time becomes silence.
    try {
      const int got = input_->read(*packet_);
      if (got < 0) {
        if (got != AVERROR_EOF && !input_->stopped())
          loss_ = "Reading the audio of \"" + input_->uri() + "\" failed: " + avErrorText(got) + ".";
        draining_ = true;
        avcodec_send_packet(decoder_.get(), nullptr);
        continue;
      }
    } catch (const Error& error) {
      // The video of this source reports the failure; the composition's audio goes on.
      loss_ = error.sentence;
      draining_ = true;
      avcodec_send_packet(decoder_.get(), nullptr);
      continue;
    }
    if (packet_->stream_index == stream_ && !isCutOut(*packet_)) avcodec_send_packet(decoder_.get(), packet_.get());
    av_packet_unref(packet_.get());
  }
}

// Damaged files have any time stamp; a few centuries are enough and cannot overflow.
int64_t DecodedAudio::sourceUs(int64_t ticks) const {
  constexpr int64_t kFar = int64_t{1} << 54;
  const AVRational tick = input_->format()->streams[stream_]->time_base;
  return std::clamp(av_rescale_q(av_sat_sub64(ticks, zeroTicks_), tick, AV_TIME_BASE_Q), -kFar, kFar);
}

// Hours of audio where there are no pictures are not decoded to be dropped, nor waited for once it is time to end.
bool DecodedAudio::isCutOut(const AVPacket& packet) {
  if (!cuts_ || packet.pts == AV_NOPTS_VALUE) return false;
  const int64_t fromUs = sourceUs(packet.pts);
  if (!cuts_->cutsOut(fromUs, fromUs + kPrerollUs)) return false;
  if (stop_ && stop_->passed()) draining_ = true;
  return true;
}

void DecodedAudio::place(const AVFrame& frame) {
  if (frame.nb_samples <= 0 || frame.sample_rate <= 0 || frame.ch_layout.nb_channels <= 0) return;
  prepareResampler(frame);
  int64_t position = filled_;
  if (frame.best_effort_timestamp != AV_NOPTS_VALUE) {
    const int64_t durationUs = int64_t{1'000'000} * frame.nb_samples / frame.sample_rate;
    const int64_t mendedUs = heldUs_ ? *heldUs_ : clock_.mendUs(sourceUs(frame.best_effort_timestamp), durationUs);
    heldUs_.reset();
    const std::optional<int64_t> placedUs = clock_.placeUs(mendedUs, durationUs);
    if (!placedUs) return;
    // What the resampler still holds comes out before this frame's own samples.
    position =
        begin_ + av_rescale_q(*placedUs, AV_TIME_BASE_Q, kAudioTick) - swr_get_delay(resampler_.get(), kAudioRate);
    if (placed_ && std::abs(position - filled_) <= kTolerance) position = filled_;
    if (position > filled_ + kSilenceAtOnce && filled_ < end()) {
      heldUs_ = mendedUs;
      silence_ += kSilenceAtOnce;
      filled_ += kSilenceAtOnce;
      return;
    }
  }
  if (position > filled_) {
    const int64_t gap = std::max<int64_t>(0, std::min(position, end()) - filled_);
    silence_ += gap;
    filled_ += gap;
  }
  append(frame, std::max<int64_t>(0, filled_ - position));
}

// Converts a frame and queues it without its first `skip` samples.
void DecodedAudio::append(const AVFrame& frame, int64_t skip) {
  const int room = swr_get_out_samples(resampler_.get(), frame.nb_samples);
  const size_t before = samples_[0].size();
  for (auto& channel : samples_) channel.resize(before + std::max(0, room));
  uint8_t* out[2];
  for (int c = 0; c < 2; c++) out[c] = reinterpret_cast<uint8_t*>(samples_[c].data() + before);
  const int made =
      swr_convert(resampler_.get(), out, room, const_cast<const uint8_t**>(frame.extended_data), frame.nb_samples);
  for (auto& channel : samples_)
    for (size_t i = before; i < channel.size(); i++)
      if (!(std::abs(channel[i]) <= kLoudest)) channel[i] = 0;
  const int64_t dropped = std::clamp<int64_t>(skip, 0, std::max(0, made));
  const int64_t kept = std::min(std::max<int64_t>(0, made) - dropped, std::max<int64_t>(0, end() - filled_));
  for (auto& channel : samples_) {
    channel.erase(channel.begin() + before, channel.begin() + before + dropped);
    channel.resize(before + kept);
  }
  filled_ += kept;
  if (kept > 0) placed_ = true;
}

void DecodedAudio::prepareResampler(const AVFrame& frame) {
  if (resampler_ && shape_->format == frame.format && shape_->sample_rate == frame.sample_rate &&
      av_channel_layout_compare(&shape_->ch_layout, &frame.ch_layout) == 0) {
    return;
  }
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
