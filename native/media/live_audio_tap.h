// Decodes the audio of a live source as its packets come.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/audio_decoder.h"
#include "media/packet_tap.h"
#include "media/time_gaps.h"

namespace framepath::media {

// Who gets it: LiveAudio, or the process that asked for it. Packets are skipped while it is not wanted.
struct LiveAudioSink {
  std::function<bool()> wanted;
  std::function<void()> begin;
  std::function<void(std::optional<int64_t> us, const float* left, const float* right, int count)> add;
};

class LiveAudioTap final : public PacketTap {
 public:
  LiveAudioTap(LiveAudioSink sink, std::string uri, Recovered recovered)
      : sink_(std::move(sink)), uri_(std::move(uri)), recovered_(std::move(recovered)) {}

  void opened(const AVFormatContext& format, int pictureStream, int audioStream) override;
  void packet(const AVPacket& packet, int64_t arrivalNs) override;
  void lost() override;

 private:
  void take(const AVFrame& frame);

  const LiveAudioSink sink_;
  const std::string uri_;
  const Recovered recovered_;  // may be empty
  std::optional<AudioDecoder> decoder_;
  int stream_ = -1;
  AVRational timeBase_{1, 1};
  AvFrame frame_ = newFrame();
  std::vector<float> samples_[2];
  bool reported_ = false;
};

}  // namespace framepath::media
