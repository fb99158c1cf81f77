// Pictures and audio in the order of their times, as players and fragments need them.
#pragma once
#include <deque>
#include <functional>
#include <memory>

#include "media/audio.h"

namespace framepath::media {

// Holds pictures back only until the audio of their time is there: a few packets.
class Interleaver {
 public:
  using Write = std::function<void(AVPacket& packet, bool isAudio)>;

  // `audio` may be null. Pictures come in ticks of `videoTimeBase`.
  Interleaver(std::unique_ptr<AudioTrack> audio, AVRational videoTimeBase, Write write);

  // In decode order; `reachedUs` is the end of the pictures up to now.
  void push(AvPacket picture, int64_t reachedUs);
  void finish(int64_t endUs);

  AudioTrack* audio() const { return audio_.get(); }

 private:
  void writeReady();

  std::unique_ptr<AudioTrack> audio_;
  AVRational videoTimeBase_;
  Write write_;
  std::deque<AvPacket> pictures_, audioPackets_;
};

}  // namespace framepath::media
