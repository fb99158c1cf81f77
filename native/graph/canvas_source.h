// What one source shows on the canvas: its frames, in the order of their times, as the output's clock passes them.
//
//   joining --first frame--> showing --no frame follows--> ended | failed        any --it is taken out--> removed
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compose/composer.h"
#include "compose/live_times.h"
#include "graph/known_ids.h"
#include "graph/task.h"
#include "media/output.h"
#include "media/source_link.h"

namespace framepath::graph {

// A frame that waits for its tick, with the boxes that the layout reads.
struct CanvasFrame {
  LeaseRef lease;  // null once the source need not wait for it
  FrameRef frame;
  int64_t ptsUs = 0;   // of the output
  bool fresh = true;   // not drawn yet
  int64_t readNs = 0;  // when it was read from its source
  std::vector<compose::TileBoxes> boxes;
};

compose::TileBoxes tileBoxes(const std::string& module, const Observation& result);

enum class CanvasState : uint8_t {
  joining,  // late, and no frame yet
  showing,
  ended,    // no frame follows
  failed,   // the same
  removed,  // its tiles go at the next tick, and it with them
};

// What became of the pictures of one source.
struct CanvasCounts {
  int64_t shown = 0;     // pictures that a canvas showed
  int64_t skipped = 0;   // pictures that none showed: they came too close together, or too late
  int64_t repeated = 0;  // canvases that showed one again
  int64_t cards = 0;     // canvases that showed a card instead

  CanvasCounts& operator+=(const CanvasCounts& other) {
    shown += other.shown;
    skipped += other.skipped;
    repeated += other.repeated;
    cards += other.cards;
    return *this;
  }
};

// Not thread-safe. Frames that are over go to `past`: their leases are released outside the caller's lock.
struct CanvasSource {
  std::string id;
  std::deque<CanvasFrame> waiting;
  std::optional<CanvasFrame> current;
  std::vector<media::AudioRef> audio;  // for each output, until its first frame comes
  int64_t offsetUs = 0;                // time of the output at which it joined
  int64_t endUs = 0;                   // when the last frame's display time ends
  int64_t newestUs = 0;                // time of the latest frame
  int64_t arrivedUs = 0;               // of a live source: when that came
  int64_t lookAheadUs = 0;
  KnownIds ids;
  bool live = false;
  int64_t maxAgeNs = 0;  // of a live source; 0 = no limit
  bool seen = false;     // a frame came
  compose::LiveTimes times;
  std::shared_ptr<const media::SourceLink> link;  // of a live source; null: not known
  CanvasCounts counts;
  std::string note;   // of a live source: what its card says at this tick; empty: it shows its picture
  bool tiled = true;  // has its tiles, if it is to have any
  CanvasState state = CanvasState::showing;

  // The next frame, at its time of the output.
  void push(CanvasFrame frame, int64_t durationUs);
  // Gives a live source's next frame its time; those that wait and no tick would show go.
  void placeLive(CanvasFrame& frame, compose::LiveClock& clock, int64_t wallNs, std::vector<CanvasFrame>& past);
  // The frame of a tick is the last one before it of which the look-ahead is known.
  void advance(int64_t tickUs, std::vector<CanvasFrame>& past);
  // After advance(): whether a live source that gave nothing for longer than `staleUs` has a card.
  void noteCard(int64_t tickUs, int64_t staleUs) { note = card(tickUs, staleUs); }
  // A tick is drawn: what was current is not fresh any more, and goes when the source is over.
  void drawn(int64_t tickUs, std::vector<CanvasFrame>& past);
  // Drops what no tick from `tickUs` on will show: on a slow canvas more frames fall between two ticks than may be
  // alive.
  void skip(int64_t tickUs, std::vector<CanvasFrame>& past);
  // Lets the source go on: what lies inside the look-ahead of a tick waits here without a lease.
  void releaseLeases(int64_t tickUs, std::vector<CanvasFrame>& past);
  void dropAll(std::vector<CanvasFrame>& past);
  bool over(int64_t tickUs) const { return state >= CanvasState::ended && waiting.empty() && tickUs >= endUs; }
  // Boxes of `module` to hide in the current frame that are found only in those that wait.
  std::vector<Box> coming(const std::string& module) const;

 private:
  std::string card(int64_t tickUs, int64_t staleUs) const;
  int64_t knownUs(int64_t tickUs) const;
};

}  // namespace framepath::graph
