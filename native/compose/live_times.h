// Where the frames of a live source go on the output's time line.
#pragma once
#include <cstdint>
#include <optional>

#include "compose/live_clock.h"

namespace framepath::compose {

// Frames keep their own distances, so that one that comes early or late is still shown for as long as it was meant to
// be; all of them are moved so that they come before their tick is drawn:
//
//   - one that comes too late moves what follows it: the picture stood still for that long;
//   - where all come earlier than needed for a few seconds, what follows moves back: some are left out;
//   - one far ahead of the clock (a jump of its times, a burst) is shown at once. In the first second that is less far:
//     what piled up while the run started comes in one burst.
//
// They lie in the middle between two ticks: of a source with the canvas's rate every tick shows another frame, however
// its times are rounded. Pure bookkeeping; one thread. Times are microseconds of the output.
class LiveTimes {
 public:
  struct Placed {
    int64_t ptsUs = 0;
    int64_t movedUs = 0;  // frames that wait move by this too
  };
  Placed place(LiveClock& clock, int64_t ptsUs, int64_t arrivedUs);

  static constexpr int64_t kMostAheadUs = 1'000'000;  // that much of a burst is kept
  static constexpr int64_t kStartUs = 1'000'000;

 private:
  int64_t placedAnew(const LiveClock& clock, int64_t arrivedUs) const;
  int64_t excessUs(const LiveClock& clock, int64_t earlyUs, int64_t arrivedUs);

  static constexpr int64_t kWindowUs = 2'500'000;

  bool placed_ = false;
  int64_t firstUs_ = 0;   // when the first frame came
  int64_t offsetUs_ = 0;  // output's time - source's time
  // How long before the time of its tick the latest frame came, in this window and the one before.
  int64_t windowUs_ = 0, leastUs_ = 0;
  std::optional<int64_t> leastBeforeUs_;
};

}  // namespace framepath::compose
