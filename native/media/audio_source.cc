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
// A gap becomes silence piece by piece: by the next one its pictures may have cut it out.
constexpr int64_t kSilenceAtOnce = kAudioRate / 10;

}  // namespace

DecodedAudio::DecodedAudio(std::unique_ptr<Input> input, int stream, const AudioInput& cut)
    : AudioSource(cut.source, cut.gain),
      input_(std::move(input)),
      stream_(stream),
      frame_(newFrame()),
      packet_(newPacket()),
      cuts_(cut.cuts),
      stop_(cut.stop),
      clock_(cut.cuts) {
  const AVStream& audio = *input_->format()->streams[stream_];
  decoder_.emplace(audio, input_->uri());
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

bool DecodedAudio::placeNext() {
  place(*frame_);
  if (!heldUs_) av_frame_unref(frame_.get());
  return true;
}

bool DecodedAudio::decodeNext() {
  if (heldUs_) return placeNext();
  while (true) {
    if (decoder_->receive(*frame_)) return placeNext();
    if (draining_) return false;
    // Damaged packets are skipped: their time becomes silence.
    try {
      const int got = input_->read(*packet_);
      if (got < 0) {
        if (got != AVERROR_EOF && !input_->stopped())
          loss_ = "Reading the audio of \"" + input_->uri() + "\" failed: " + avErrorText(got) + ".";
        draining_ = true;
        decoder_->send(nullptr);
        continue;
      }
    } catch (const Error& error) {
      // The video of this source reports the failure; the composition's audio goes on.
      loss_ = error.sentence;
      draining_ = true;
      decoder_->send(nullptr);
      continue;
    }
    if (packet_->stream_index == stream_ && !isCutOut(*packet_)) decoder_->send(packet_.get());
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
  if (!AudioDecoder::usable(frame)) return;
  int64_t position = filled_;
  if (frame.best_effort_timestamp != AV_NOPTS_VALUE) {
    const int64_t durationUs = int64_t{1'000'000} * frame.nb_samples / frame.sample_rate;
    const int64_t mendedUs = heldUs_ ? *heldUs_ : clock_.mendUs(sourceUs(frame.best_effort_timestamp), durationUs);
    heldUs_.reset();
    const std::optional<int64_t> placedUs = clock_.placeUs(mendedUs, durationUs);
    if (!placedUs) return;
    // What the resampler still holds comes out before this frame's own samples.
    position = begin_ + av_rescale_q(*placedUs, AV_TIME_BASE_Q, kAudioTick) - decoder_->heldBefore(frame);
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
  const size_t before = samples_[0].size();
  decoder_->convert(frame, samples_);
  const auto made = static_cast<int64_t>(samples_[0].size() - before);
  const int64_t dropped = std::clamp<int64_t>(skip, 0, made);
  const int64_t kept = std::min(made - dropped, std::max<int64_t>(0, end() - filled_));
  for (auto& channel : samples_) {
    channel.erase(channel.begin() + before, channel.begin() + before + dropped);
    channel.resize(before + kept);
  }
  filled_ += kept;
  if (kept > 0) placed_ = true;
}

}  // namespace framepath::media
