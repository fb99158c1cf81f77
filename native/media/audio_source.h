// One source's audio as samples on the composition's clock.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/audio_clock.h"
#include "media/audio_decoder.h"
#include "media/av.h"
#include "media/input.h"
#include "media/output.h"

namespace framepath::media {

// Stereo, 48 kHz, float. Position 0 is the composition's start; the source begins at its offset. Samples are placed by
// their time stamps: late starts and gaps are silence, overlaps are cut, so that audio cannot drift from the pictures.
class AudioSource {
 public:
  virtual ~AudioSource() = default;

  int32_t source() const { return source_; }
  float gain() const { return gain_; }  // at first

  // Before the first read: the source begins at position `begin`, and the first read is for `position`.
  virtual void joinAt(int64_t begin, int64_t position) = 0;

  // Fills `count` samples from where the last read ended. Past the source's end: silence.
  virtual void read(float* left, float* right, int count) = 0;

  // How far it can be read now, at most to `until`: a live source's audio may come a little later than its pictures.
  virtual int64_t readyTo(int64_t until) { return until; }
  // Of a live source: samples that were silence because there were none.
  virtual std::optional<int64_t> silent() const { return std::nullopt; }

  // Whether it counts among those that share a mix: a live source with nothing to play for some seconds does not.
  virtual bool audible() const { return true; }

  // Why the audio broke off before its end; empty = it did not.
  const std::string& loss() const { return loss_; }

 protected:
  AudioSource(int32_t source, float gain) : source_(source), gain_(gain) {}
  std::string loss_;

 private:
  const int32_t source_;
  const float gain_;
};

// Read and decoded in this process.
class DecodedAudio final : public AudioSource {
 public:
  // `input` is at its start and has `stream`. Throws SOURCE_UNSUPPORTED without a decoder.
  DecodedAudio(std::unique_ptr<Input> input, int stream, const AudioInput& cut);

  void joinAt(int64_t begin, int64_t position) override;
  void read(float* left, float* right, int count) override;

 private:
  bool fill();
  bool decodeNext();
  bool placeNext();
  void place(const AVFrame& frame);
  void append(const AVFrame& frame, int64_t skip);
  bool isCutOut(const AVPacket& packet);
  int64_t sourceUs(int64_t ticks) const;
  int64_t end() const;

  std::unique_ptr<Input> input_;
  int stream_;
  std::optional<AudioDecoder> decoder_;
  AvFrame frame_;
  AvPacket packet_;
  int64_t zeroTicks_ = 0;  // stream time that is played at begin_
  int64_t begin_ = 0;      // composition positions, in samples
  int64_t lengthUs_ = -1;  // of the cut, in the source's time; -1 = to its end
  const std::shared_ptr<const TimeCuts> cuts_;
  const StopRef stop_;
  AudioClock clock_;
  std::optional<int64_t> heldUs_;  // frame_ is later, at this time of the source: silence comes first
  int64_t filled_ = 0;             // everything before this is in the queue or read
  int64_t silence_ = 0;            // queued before the samples
  std::vector<float> samples_[2];
  size_t taken_ = 0;
  bool placed_ = false;  // a frame has been placed: small deviations of time stamps are rounding from now on
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace framepath::media
