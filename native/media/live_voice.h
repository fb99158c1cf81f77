// The audio of a live source in one output, in step with its pictures.
#pragma once
#include <memory>

#include "media/audio_source.h"
#include "media/live_audio.h"

namespace framepath::media {

// Follows its pictures softly: a source whose clock is fast or slow, and pictures that a composition moves, are
// followed by playing up to 2 % faster or slower. Where there is nothing to play, and around a jump after a loss, it
// fades to silence within 5 ms.
//
//   silent --there is audio for this time--> playing --it ends, or lies elsewhere--> fading > silent
class LiveVoice final : public AudioSource {
 public:
  LiveVoice(std::shared_ptr<const LiveAudio> audio, std::shared_ptr<const LivePlace> place, int32_t source, float gain);

  void joinAt(int64_t begin, int64_t position) override;
  void read(float* left, float* right, int count) override;
  int64_t readyTo(int64_t until) override;
  std::optional<int64_t> silent() const override { return silent_; }
  bool audible() const override;

  static constexpr int64_t kMostLateUs = 500'000;  // audio that comes that much after its pictures is still heard

 private:
  enum class State : uint8_t { silent, playing, fading };

  void readSome(const LiveAudio::Reading& audio, float* left, float* right, int count);
  void begin(const LiveAudio::Reading& audio, std::optional<double> wanted);
  void steer(std::optional<double> wanted, int count);
  std::optional<double> wantedAt(const LiveAudio::Reading& audio) const;

  const std::shared_ptr<const LiveAudio> audio_;
  const std::shared_ptr<const LivePlace> place_;
  State state_ = State::silent;
  int64_t begin_ = 0;     // in the composition: before, its pictures are not seen
  int64_t position_ = 0;  // there
  int64_t playedTo_ = INT64_MIN;
  int64_t begunAt_ = 0;  // there, when it began to play
  double at_ = 0;        // in audio_
  double rate_ = 1;
  double lag_ = 0;    // how far it is behind what is wanted, in seconds, smoothed
  double drift_ = 0;  // of the source's clock, as far as it is known
  float gain_ = 0;    // of the fades
  int64_t silent_ = 0;
};

}  // namespace framepath::media
