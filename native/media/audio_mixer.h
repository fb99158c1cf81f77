// Several sources' samples as one.
#pragma once
#include <memory>
#include <vector>

#include "media/audio_source.h"

namespace framepath::media {

// Sum with gain 1/sqrt(n): unrelated sounds keep their loudness together. A limiter keeps what still exceeds full scale
// from clipping: it turns down at once and comes back over about half a second.
class AudioMixer {
 public:
  explicit AudioMixer(std::vector<std::unique_ptr<AudioSource>> sources);
  void read(float* left, float* right, int count);
  std::vector<std::string> losses() const;

 private:
  void limit(float* left, float* right, int count);

  std::vector<std::unique_ptr<AudioSource>> sources_;
  std::vector<float> part_[2];
  float gain_;
  float limit_ = 1;
};

}  // namespace framepath::media
