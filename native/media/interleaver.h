// Pictures and audio in the order of their times, as players and fragments need them.
#pragma once
#include <deque>
#include <functional>
#include <memory>

#include "media/audio.h"

namespace framepath::media {

// Holds pictures back only until the audio of their time is there: a few packets, of live sources half a second at
// most. Without `holds` they do not wait: audio that comes later is written after them.
class Interleaver {
 public:
  using Write = std::function<void(AVPacket& packet, bool isAudio)>;

  // `audio` may be null. Pictures come in ticks of `videoTimeBase`.
  Interleaver(std::unique_ptr<AudioTrack> audio, AVRational videoTimeBase, bool holds, Write write);

  // In decode order; `reachedUs` is the end of the pictures up to now.
  void push(AvPacket picture, int64_t reachedUs);
  // Pictures up to `untilUs` are on their way: see Output::drawn().
  void drawn(int64_t untilUs);
  void finish(int64_t endUs);

  AudioTrack* audio() const { return audio_.get(); }

 private:
  void advance(int64_t untilUs);
  void writeReady();

  std::unique_ptr<AudioTrack> audio_;
  AVRational videoTimeBase_;
  const bool holds_;
  Write write_;
  std::deque<AvPacket> pictures_, audioPackets_;
};

}  // namespace framepath::media
