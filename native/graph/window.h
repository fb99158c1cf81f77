// The last crops of every track: what a module with a window sees of a tracker, or of identify.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "graph/input.h"

namespace framepath::graph {

// Every stride-th frame in which a track is seen enters its window, as a crop in a slot of its own: the window keeps
// the slot, nothing is copied. Frames in which the track was not detected (a predicted box, a carried result) do not
// count.
//
// A window goes when its track was not seen in kGoneAfter frames that the tracker looked at, and with its source. So
// there are at most `window` crops of each track that was seen lately; more than kMostBytes of them are refused.
class WindowReader : public PixelReader {
 public:
  static constexpr int32_t kGoneAfter = 60;
  static constexpr size_t kMostBytes = size_t{1} << 30;

  // `tracks`: the module's observation. `mostBytes` bounds the crops of all windows.
  WindowReader(std::unique_ptr<InputReader> crops, const InputSpec& spec, int32_t tracks,
               size_t mostBytes = kMostBytes);
  // A source's frames in order. A frame that throws did not enter any window.
  InputRef read(const Task& task, bool toHost = false) override;
  void onSourceEnded(int32_t source) override;

 private:
  struct Window {
    std::deque<InputRef> crops;
    int64_t seen = 0;      // frames
    int64_t lastLook = 0;  // in which the track was seen
  };
  struct PerSource {
    int64_t looks = 0;  // frames the tracker looked at
    std::map<int64_t, Window> tracks;
  };
  void checkRoom(size_t more) const;

  const std::unique_ptr<InputReader> crops_;
  const InputSpec spec_;
  const int32_t tracks_;
  const size_t mostBytes_;
  std::mutex mutex_;  // a source may end while a frame of another one is read
  std::map<int32_t, PerSource> sources_;
};

}  // namespace framepath::graph
