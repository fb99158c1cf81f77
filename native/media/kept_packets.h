// What another decoder needs to take over from one that fails: the packets since the last keyframe whose picture was
// emitted, and which pictures were emitted since.
#pragma once
#include <cstdint>
#include <deque>
#include <unordered_set>

#include "media/av.h"

namespace framepath::media {

class KeptPackets {
 public:
  // Before the packet is sent with `number`, which grows by one each time.
  void add(const AVPacket& packet, int64_t number);
  // A picture went out.
  void emitted(const AVFrame& picture);
  // After a seek: what was is over.
  void clear();

  bool complete() const { return complete_; }            // false: too much to keep, the next packet kept is a keyframe
  bool anyEmitted() const { return !emitted_.empty(); }  // since the first packet kept

  // For the decoder that takes over: every packet kept, in order, once; null at the end.
  struct Numbered {
    AvPacket packet;
    int64_t number = 0;
  };
  bool again(Numbered& next);
  // Whether a picture of that decoder, given in display order, has not been emitted. Called once a picture.
  bool isNew(const AVFrame& picture);

 private:
  void dropBefore(int64_t number);

  std::deque<Numbered> entries_;
  std::unordered_multiset<int64_t> emitted_;  // numbers, as far as their packets are kept
  int64_t last_ = 0;                          // number of the last packet
  int64_t lastTime_ = AV_NOPTS_VALUE;         // of the last picture emitted
  size_t bytes_ = 0;
  bool complete_ = true;
};

}  // namespace framepath::media
