// Display times of pictures. Broken clocks are mended: times never decrease.
#pragma once
#include <cstdint>

#include "media/source_info.h"

extern "C" {
#include <libavutil/rational.h>
}

struct AVFrame;

namespace framepath::media {

struct FrameStamp {
  int64_t timeUs = 0;      // from the source's origin
  int64_t durationUs = 0;  // 0 = unknown
  int64_t backUs = 0;      // how far the source's clock was set back before this picture; 0 = it was not
  int64_t index = 0;       // number of the picture in the source; after a seek, from its time
};

class FrameTimes {
 public:
  // `originUs` AV_NOPTS_VALUE: the first time seen. `trusted` false: the container's times are guesses (raw streams);
  // only the rate counts.
  FrameTimes(AVRational timeBase, int64_t originUs, Rational fps, bool trusted);

  // The next picture comes from somewhere else in the source; its index follows from its time.
  void jump();
  // Call once for each picture, in display order.
  FrameStamp stamp(const AVFrame& picture);
  // Added to the source's clock by now, because it was set back.
  int64_t shiftUs() const { return shiftUs_; }
  // The picture's own time from the origin, unmended; false when it has none.
  bool ownTimeUs(const AVFrame& picture, int64_t& timeUs) const;
  // Where that counts from, on the container's clock; after the first stamp().
  int64_t originUs() const;

 private:
  int64_t mend(int64_t timeUs, int64_t& backUs);

  AVRational timeBase_;
  int64_t originUs_;
  double fps_;
  int64_t periodUs_;
  bool trusted_;
  bool indexFromTime_ = false;
  bool first_ = true;
  int64_t lastUs_ = 0;
  int64_t lastDurationUs_ = 0;
  int64_t shiftUs_ = 0;  // added after the container's clock jumped back
  int32_t stuck_ = 0;    // pictures in a row whose time did not advance
  int64_t index_ = 0;
};

}  // namespace framepath::media
