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

enum class TileState : uint8_t { starting, live, ended, failed };

// What modules said about a tile's frame, by module name, reduced to what drawing needs.
struct TileBoxes {
  std::string module;
  std::vector<Box> boxes;
  std::vector<int64_t> tracks;    // 0 = none
  std::vector<int32_t> ids;       // identity, 0 = none
  std::vector<float> scores;
};

struct TileInput {
  TileState state = TileState::live;
  FrameRef frame;                   // null: nothing to show yet or any more
  bool fresh = false;               // this frame was not shown before: its observations are new
  std::vector<TileBoxes> observations;
};

// What the follow crops did, for the report: jitter is the root mean square acceleration of crop centres in source
// pixels per second squared.
struct FollowStats {
  int32_t tile = 0;
  int64_t ticks = 0, switches = 0, wideTicks = 0;
  double rmsAcceleration = 0, maxAcceleration = 0;
};

// Stateful (follow smoothing, holds); one thread.
class Composer {
 public:
  virtual ~Composer() = default;
  // inputs[i] belongs to spec.tiles[i]. Null after pool close. ptsUs of the canvas is the tick's time.
  virtual FrameRef compose(int64_t tick, int64_t ptsUs, std::span<const TileInput> inputs) = 0;
  virtual std::vector<FollowStats> followStats() const = 0;
};

// `canvasFormat` is the encoder's input format; `canvases` bounds how many pictures may be alive (lease blocks).
std::unique_ptr<Composer> makeComposer(const LayoutSpec& spec, std::shared_ptr<Device> device, PixelFormat canvasFormat,
                                       int32_t canvases);

}  // namespace framepath::compose
