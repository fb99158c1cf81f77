#include "media/live_voice.h"

#include <algorithm>
#include <cmath>

#include "media/ticks.h"

namespace framepath::media {
namespace {

constexpr int kAtOnce = 256;             // samples between two corrections
constexpr int kFade = kAudioRate / 200;  // 5 ms
constexpr int kFilter = 16;              // samples past a position that its value needs
constexpr int kLeast = kAudioRate / 50;  // with less to play it stays silent

// The loop that corrects the rate (proportional and integral, critically damped): half of a deviation is gone in 4 s, a
// constant drift after half a minute. Faster would be heard in music.
constexpr double kFollowS = 4, kLearnS = 16, kSmoothS = 0.3, kMostRate = 0.02;
// Further than that it jumps. In the first seconds, while pictures find their place, earlier.
constexpr double kJumpS = 0.4, kFirstJumpS = 0.06;
// A mix keeps its level that long for one that pauses.
constexpr int64_t kHold = 3 * kAudioRate;
constexpr int64_t kFirst = 2 * kAudioRate;

int64_t samplesOf(int64_t us) {
  return av_rescale_q(us, kMicroseconds, kAudioTick);
}

}  // namespace

LiveVoice::LiveVoice(std::shared_ptr<const LiveAudio> audio, std::shared_ptr<const LivePlace> place, int32_t source,
                     float gain)
    : AudioSource(source, gain), audio_(std::move(audio)), place_(std::move(place)) {
  audio_->want();
}

void LiveVoice::joinAt(int64_t begin, int64_t position) {
  begin_ = begin;
  position_ = position;
}

std::optional<double> LiveVoice::wantedAt(const LiveAudio::Reading& audio) const {
  const int64_t offsetUs = place_->offsetUs;
  if (offsetUs == LivePlace::kNowhere || position_ < begin_) return std::nullopt;
  return audio.at(av_rescale_q(position_, kAudioTick, kMicroseconds) - offsetUs);
}

int64_t LiveVoice::readyTo(int64_t until) {
  const LiveAudio::Reading audio(*audio_);
  const int64_t offsetUs = place_->offsetUs;
  const std::optional<LiveAudio::Reading::End> end = audio.newest();
  if (offsetUs == LivePlace::kNowhere || !end) return until;
  int64_t ready = samplesOf(end->timeUs + offsetUs) - kFade - kFilter;
  if (state_ != State::silent && audio.endOf(at_) == end->position)
    ready = position_ + static_cast<int64_t>((static_cast<double>(end->position - kFade - kFilter) - at_) / rate_);
  // It stands still, or comes too late: nothing waits for it.
  return ready < until - samplesOf(kMostLateUs) ? until : std::min(until, ready);
}

void LiveVoice::read(float* left, float* right, int count) {
  const LiveAudio::Reading audio(*audio_);
  for (int done = 0; done < count; done += kAtOnce)
    readSome(audio, left + done, right + done, std::min(kAtOnce, count - done));
}

void LiveVoice::begin(const LiveAudio::Reading& audio, std::optional<double> wanted) {
  if (!wanted || static_cast<double>(audio.endOf(*wanted)) - *wanted < kLeast) return;
  state_ = State::playing;
  at_ = *wanted;
  begunAt_ = position_;
  lag_ = 0;
}

void LiveVoice::steer(std::optional<double> wanted, int count) {
  if (!wanted) return;
  const double seconds = static_cast<double>(count) / kAudioRate;
  const double lag = (*wanted - at_) / kAudioRate;
  if (std::abs(lag) > (position_ - begunAt_ < kFirst ? kFirstJumpS : kJumpS)) {
    state_ = State::fading;
    return;
  }
  lag_ += (lag - lag_) * std::min(1.0, seconds / kSmoothS);
  const double rate = drift_ + lag_ / kFollowS;
  if (std::abs(rate) < kMostRate) drift_ += lag_ * seconds / (kFollowS * kLearnS);
  rate_ = 1 + std::clamp(rate, -kMostRate, kMostRate);
}

bool LiveVoice::audible() const {
  return playedTo_ != INT64_MIN && position_ - playedTo_ < kHold;
}

void LiveVoice::readSome(const LiveAudio::Reading& audio, float* left, float* right, int count) {
  const bool seen = position_ >= begin_;
  const std::optional<double> wanted = wantedAt(audio);
  if (state_ == State::silent)
    begin(audio, wanted);
  else
    steer(wanted, count);
  position_ += count;
  int done = 0;
  if (state_ != State::silent) {
    const double end = static_cast<double>(audio.endOf(at_) - kFilter);
    for (; done < count; done++) {
      const bool down = state_ == State::fading || end - at_ <= kFade;
      gain_ = std::clamp(gain_ + (down ? -1.0f : 1.0f) / kFade, 0.0f, 1.0f);
      if (gain_ == 0 && down) break;
      audio.sample(at_, left[done], right[done]);
      left[done] *= gain_;
      right[done] *= gain_;
      at_ += rate_;
    }
    playedTo_ = position_ - count + done;
    if (done < count) state_ = State::silent;
  }
  if (seen) silent_ += count - done;
  std::fill(left + done, left + count, 0.0f);
  std::fill(right + done, right + count, 0.0f);
}

}  // namespace framepath::media
