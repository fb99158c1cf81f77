// Compressed audio of one stream as samples: stereo, float, 48 kHz.
#pragma once
#include <string>
#include <vector>

#include "media/av.h"

namespace framepath::media {

inline constexpr int kAudioRate = 48'000;
inline constexpr AVRational kAudioTick{1, kAudioRate};
// Samples are within 1, or a little more. Float audio may hold anything, and an encoder fails at what is no number.
inline constexpr float kLoudest = 64;

// One thread.
class AudioDecoder {
 public:
  // `stream` need not outlive it. Throws SOURCE_UNSUPPORTED without a decoder; `uri` is for its sentence.
  AudioDecoder(const AVStream& stream, const std::string& uri);

  // Null: nothing follows. What is damaged is skipped.
  void send(const AVPacket* packet) { avcodec_send_packet(context_.get(), packet); }
  // False: a packet is needed first, or nothing is left.
  bool receive(AVFrame& frame) { return avcodec_receive_frame(context_.get(), &frame) == 0; }

  // The samples that come out before those of `frame` itself: what the resampler still holds.
  int64_t heldBefore(const AVFrame& frame);
  // Appends what comes out for `frame`, every sample a number of ordinary size.
  void convert(const AVFrame& frame, std::vector<float> (&samples)[2]);

  static bool usable(const AVFrame& frame) {
    return frame.nb_samples > 0 && frame.sample_rate > 0 && frame.ch_layout.nb_channels > 0;
  }

 private:
  void prepare(const AVFrame& frame);

  AvCodecContext context_;
  AvResampler resampler_;
  AvFrame shape_;  // the sample format the resampler is set up for
};

}  // namespace framepath::media
