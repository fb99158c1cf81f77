#include "media/audio_mixer.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {

AudioMixer::AudioMixer(std::vector<std::unique_ptr<AudioSource>> sources)
    : sources_(std::move(sources)), gain_(1 / std::sqrt(static_cast<float>(std::max<size_t>(1, sources_.size())))) {}

void AudioMixer::read(float* left, float* right, int count) {
  std::fill_n(left, count, 0.0f);
  std::fill_n(right, count, 0.0f);
  for (auto& part : part_) part.resize(count);
  for (const auto& source : sources_) {
    source->read(part_[0].data(), part_[1].data(), count);
    for (int i = 0; i < count; i++) {
      left[i] += part_[0][i] * gain_;
      right[i] += part_[1][i] * gain_;
    }
  }
  limit(left, right, count);
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

std::vector<std::string> AudioMixer::losses() const {
  std::vector<std::string> all;
  for (const auto& source : sources_) {
    if (!source->loss().empty()) all.push_back(source->loss());
  }
  return all;
}

}  // namespace framepath::media
