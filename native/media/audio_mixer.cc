#include "media/audio_mixer.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {
namespace {

constexpr int64_t kFade = kAudioRate / 200;               // who leaves goes within 5 ms; a step would click
constexpr float kGainRamp = 0.02f * kAudioRate;           // samples; a gain that is set is reached within 20 ms
constexpr float kGainStep = 1.0f / (0.05f * kAudioRate);  // a sample; from 1 to 0 in 50 ms

int64_t msOf(int64_t samples) {
  return samples * 1000 / kAudioRate;
}

}  // namespace

std::optional<SilentAudio> AudioMixer::Voice::silent() const {
  const std::optional<int64_t> samples = source->silent();
  if (!samples) return std::nullopt;
  return SilentAudio{source->source(), msOf(*samples - muted)};
}

AudioMixer::AudioMixer(std::vector<AudioRef> sources) {
  for (AudioRef& source : sources) voices_.push_back(voiceOf(std::move(source), 0));
  gain_ = wantedGain();
}

void AudioMixer::join(AudioRef source, int64_t position) {
  source->joinAt(position, position_);
  voices_.push_back(voiceOf(std::move(source), position));
}

AudioMixer::Voice AudioMixer::voiceOf(AudioRef source, int64_t begin) const {
  const auto set = set_.find(source->source());
  const float gain = set == set_.end() ? source->gain() : set->second;
  Voice voice;
  voice.source = std::move(source);
  voice.begin = begin;
  voice.gain = voice.wanted = gain;
  return voice;
}

void AudioMixer::setGain(int32_t source, float gain) {
  set_[source] = gain;
  for (Voice& voice : voices_) {
    if (voice.source->source() != source) continue;
    voice.wanted = gain;
    voice.step = std::abs(gain - voice.gain) / kGainRamp;
  }
}

bool AudioMixer::live() const {
  return std::ranges::any_of(voices_, [](const Voice& voice) { return voice.source->silent().has_value(); });
}

// Who is not heard is not waited for.
int64_t AudioMixer::readyTo(int64_t until) const {
  int64_t ready = until;
  for (const Voice& voice : voices_)
    if (voice.begin <= until && voice.end > position_ && voice.heard())
      ready = std::min(ready, voice.source->readyTo(until));
  return ready;
}

void AudioMixer::leave(int32_t source, int64_t position) {
  set_.erase(source);
  for (Voice& voice : voices_) {
    if (voice.source->source() != source || voice.end <= position) continue;
    voice.end = position;
    voice.fade = std::max(position_, position - kFade);
  }
}

float AudioMixer::wantedGain() const {
  float there = 0;
  for (const Voice& voice : voices_)
    if (voice.begin <= position_ && voice.source->audible()) there += std::min(1.0f, voice.wanted * voice.wanted);
  return 1 / std::sqrt(std::max(1.0f, there));
}

void AudioMixer::moveGain(int count) {
  const float wanted = wantedGain();
  gains_.resize(count);
  for (float& gain : gains_) gain = gain_ += std::clamp(wanted - gain_, -kGainStep, kGainStep);
}

void AudioMixer::read(float* left, float* right, int count) {
  std::fill_n(left, count, 0.0f);
  std::fill_n(right, count, 0.0f);
  for (auto& part : part_) part.resize(count);
  moveGain(count);
  for (Voice& voice : voices_) add(voice, left, right, count);
  position_ += count;
  std::erase_if(voices_, [&](const Voice& voice) {
    if (voice.end > position_) return false;
    if (!voice.source->loss().empty()) losses_.push_back(voice.source->loss());
    if (const auto silent = voice.silent()) silent_.push_back(*silent);
    return true;
  });
  limit(left, right, count);
}

void AudioMixer::add(Voice& voice, float* left, float* right, int count) {
  const int heard = static_cast<int>(std::clamp<int64_t>(voice.end - position_, 0, count));
  const int64_t before = voice.source->silent().value_or(0);
  voice.source->read(part_[0].data(), part_[1].data(), heard);
  if (!voice.heard()) voice.muted += voice.source->silent().value_or(0) - before;
  for (int i = 0; i < heard; i++) {
    voice.gain += std::clamp(voice.wanted - voice.gain, -voice.step, voice.step);
    float gain = gains_[i] * voice.gain;
    if (const int64_t at = position_ + i; at >= voice.fade)
      gain *= static_cast<float>(voice.end - at) / static_cast<float>(voice.end - voice.fade);
    left[i] += part_[0][i] * gain;
    right[i] += part_[1][i] * gain;
  }
}

void AudioMixer::limit(float* left, float* right, int count) {
  float peak = 0;
  for (int i = 0; i < count; i++) peak = std::max({peak, std::fabs(left[i]), std::fabs(right[i])});
  constexpr float kCeiling = 0.98f;
  const float wanted = peak > kCeiling ? kCeiling / peak : 1;
  const float from = limit_;
  const float to = wanted < from ? wanted : from + (wanted - from) * std::min(1.0f, count / (0.5f * kAudioRate));
  limit_ = to;
  if (from == 1 && to == 1) return;
  constexpr int kAttack = 64;  // samples; a step would click
  for (int i = 0; i < count; i++) {
    const float t = std::min(1.0f, static_cast<float>(i) / (to < from ? kAttack : count));
    const float gain = from + (to - from) * t;
    left[i] = std::clamp(left[i] * gain, -1.0f, 1.0f);
    right[i] = std::clamp(right[i] * gain, -1.0f, 1.0f);
  }
}

std::vector<SilentAudio> AudioMixer::silent() const {
  std::vector<SilentAudio> all = silent_;
  for (const Voice& voice : voices_)
    if (const auto silent = voice.silent()) all.push_back(*silent);
  return all;
}

std::vector<std::string> AudioMixer::losses() const {
  std::vector<std::string> all = losses_;
  for (const Voice& voice : voices_)
    if (!voice.source->loss().empty()) all.push_back(voice.source->loss());
  return all;
}

}  // namespace framepath::media
