// Several sources' samples as one.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "media/audio_source.h"

namespace framepath::media {

// Sum with gain 1/sqrt(n): unrelated signals keep their loudness together. n counts who is there and heard, and changes
// softly. A limiter keeps what still exceeds full scale from clipping: it turns down at once and comes back over about
// half a second.
class AudioMixer {
 public:
  explicit AudioMixer(std::vector<AudioRef> sources);
  void read(float* left, float* right, int count);
  // From and to a position (in samples), at the earliest from the next sample read.
  void join(AudioRef source, int64_t position);
  void leave(int32_t source, int64_t position);
  // Of a source, those that join later included: from the next sample on it gets there within 20 ms.
  void setGain(int32_t source, float gain);
  bool live() const;  // a source is, that is there or will be
  // How far it can be read now, at most to `until`.
  int64_t readyTo(int64_t until) const;
  std::vector<std::string> losses() const;
  std::vector<SilentAudio> silent() const;

 private:
  struct Voice {
    AudioRef source;
    int64_t begin = 0;  // counts from here on
    int64_t fade = INT64_MAX, end = INT64_MAX;
    float gain = 1, wanted = 1, step = 0;
    int64_t muted = 0;  // of its silence, what nobody would have heard
    bool heard() const { return gain > 0 || wanted > 0; }
    std::optional<SilentAudio> silent() const;
  };
  Voice voiceOf(AudioRef source, int64_t begin) const;
  void add(Voice& voice, float* left, float* right, int count);
  float wantedGain() const;
  void moveGain(int count);
  void limit(float* left, float* right, int count);

  std::vector<Voice> voices_;
  std::vector<std::string> losses_;  // of those who left
  std::vector<SilentAudio> silent_;  // the same
  std::map<int32_t, float> set_;     // gains that were set
  std::vector<float> part_[2], gains_;
  int64_t position_ = 0;
  float gain_;
  float limit_ = 1;
};

}  // namespace framepath::media
