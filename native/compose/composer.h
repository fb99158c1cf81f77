// Draws canvases: tiles straight into the encoder's pixel format, never through RGB.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compose/layout.h"
#include "core/frame.h"
#include "core/pool.h"
#include "device/image.h"

namespace framepath::compose {

// starting: no picture yet (background, or not in the layout under `relayout`). stale: a card instead of the picture,
// with TileInput::status. ended, failed: LayoutSpec::whenEnded.
enum class TileState : uint8_t { starting, live, stale, ended, failed };

// Results of one module for a tile's frame, reduced to what drawing needs.
struct TileBoxes {
  std::string module;
  std::vector<Box> boxes;
  std::vector<int64_t> tracks;  // 0 = none
  std::vector<int32_t> ids;     // identity, 0 = none
  std::vector<float> scores;
};

struct TileInput {
  TileState state = TileState::live;
  // Null: nothing to show yet or any more. For `hold`, pass the last frame with the first tick that is `ended` or
  // `failed`: the composer copies it then, and releases it.
  FrameRef frame;
  bool fresh = false;  // the first tick of this frame: its observations are new
  std::vector<TileBoxes> observations;
  std::string status;       // on a card, below the source's name; empty: "no signal"
  std::vector<Box> coming;  // hidden too: boxes of the redacted module that are found only in later pictures
};

// What the follow crops did, for the report: jitter is the root mean square acceleration of crop centres in source
// pixels per second squared.
struct FollowStats {
  int32_t tile = 0;
  int64_t ticks = 0, switches = 0, wideTicks = 0;
  double rmsAcceleration = 0, maxAcceleration = 0;
};

// What canvases are: of SDR yuv420p or nv12, BT.709; of PQ and HLG yuv420p10 or p010, BT.2020; all of limited range.
struct CanvasFormat {
  CanvasFormat(PixelFormat format, ColorTransfer transfer = ColorTransfer::sdr) : format(format), transfer(transfer) {}
  PixelFormat format;
  ColorTransfer transfer;
};

// Stateful (follow smoothing, holds); one thread, except close(). Pictures are of the canvases' transfer.
//
// Follow: a tile shows a crop of its own shape (fit does not apply) around its person. Another person is a cut, as a
// composition would cut; everything else eases: the same person moving, coming back, or gone (after 0.8 s at the last
// place, to the wide shot). Ids, tracks or plain boxes: whatever the module has identifies people.
class Composer {
 public:
  virtual ~Composer() = default;
  // inputs[i] belongs to tile i: spec.tiles, as changed by addTile and removeTile. Null after pool close. ptsUs of the
  // canvas is the tick's time.
  virtual FrameRef compose(int64_t tick, int64_t ptsUs, std::span<const TileInput> inputs) = 0;
  virtual std::vector<FollowStats> followStats() const = 0;
  // One more tile at the end (a source that joined); INVALID_ARGUMENT past 16.
  virtual void addTile(const TileSpec& tile) = 0;
  // One tile less (its source was taken out); those after it move up.
  virtual void removeTile(size_t tile) = 0;
  // Other tiles, of the same canvas. same[i]: the tile until now that shows the source of tile i, whose state goes on;
  // -1: none. `before` fades out over what is drawn from here on, in `transitionUs`; null: a cut. INVALID_ARGUMENT.
  virtual void setLayout(const LayoutSpec& spec, std::span<const int32_t> same, FrameRef before,
                         int64_t transitionUs) = 0;
  // Wakes a compose() that waits for a canvas; it and later ones give null. Thread-safe.
  virtual void close() = 0;
};

// `canvas.format` is the encoder's input format (INVALID_ARGUMENT: not one of those above); `canvases` bounds how many
// pictures may be alive (lease blocks).
std::unique_ptr<Composer> makeComposer(const LayoutSpec& spec, std::shared_ptr<Device> device,
                                       const CanvasFormat& canvas, int32_t canvases);

}  // namespace framepath::compose
