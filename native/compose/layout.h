// Where sources go on the canvas. Arithmetic only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/results.h"
#include "generated/compose_enums.h"

namespace framepath::compose {

// What a tile shows: a source, or a crop of it that follows a person.
struct FollowSpec {
  std::string module;  // the people, tracks or detections followed; empty = the whole picture
  Pick pick = Pick::main;
  int32_t value = 0;        // rank: 0 = first; id: identity
  double zoom = 3.0;        // height of the crop in heights of the followed box
  double minHoldMs = 1500;  // the followed person is not changed more often
  double responseMs = 600;  // critically damped: time to close 63 % of a step
};

struct TileSpec {
  int32_t source = 0;
  Box rect;  // canvas pixels; empty in split, grid and focus: the layout computes it
  Fit fit = Fit::cover;
  int32_t z = 0;
  float alpha = 1;
  FollowSpec follow;
  std::string label;  // on the placeholder card; empty = the source's number
};

struct RedactSpec {
  std::string module;  // whose boxes; empty = none
  RedactKind kind = RedactKind::pixelate;
  double margin = 0.25;  // the box grown by this part of its size
  double strength = 4;   // pixelate: blocks across the grown box; blur: its width / strength = radius
  // A box found up to so much later is hidden before it is found; absent: 1000 for files, 0 for live sources.
  std::optional<double> lookAheadMs;

  int64_t lookAheadUs(bool live) const {
    if (module.empty()) return 0;
    return static_cast<int64_t>(1000 * lookAheadMs.value_or(live ? 0 : 1000));
  }
};

struct DrawSpec {
  std::string boxes;   // module whose boxes are drawn, with labels; empty = none
  std::string people;  // module that gives their tracks identities; empty = none
  bool labels = true;  // id and score
  bool time = false;   // time stamp of the composition
};

struct LayoutSpec {
  LayoutKind kind = LayoutKind::split;
  int32_t width = 1920, height = 1080;     // even
  int32_t fpsNum = 0, fpsDen = 1;          // 0 = the largest nominal rate of the sources
  uint8_t background[3] = {16, 128, 128};  // Y, U, V
  int32_t gap = 0;                         // pixels between tiles of split, grid, focus
  WhenEnded whenEnded = WhenEnded::hold;
  std::vector<TileSpec> tiles;
  bool perSource = false;  // one tile a source: a source that joins gets one too
  RedactSpec redact;
  DrawSpec draw;
};

inline constexpr int32_t kMaxTiles = 16;
inline constexpr double kMostLookAheadMs = 10'000;

// Rectangles of the visible tiles for this kind; rects are even. split: in a row; grid: as square as it gets, 1-16, a
// short last row centred; focus: the first large, the others in a column at its right. `visible[i]` false: left out
// (an empty box). Throws INVALID_ARGUMENT.
std::vector<Box> layoutRects(const LayoutSpec& spec, const std::vector<bool>& visible);

// A piece of a picture (its coordinates) and the even canvas pixels it lands on.
struct Placement {
  Box source;
  int32_t x = 0, y = 0, width = 0, height = 0;
};

// contain: all of it, letterboxed. cover: the tile is filled, what stands over is cut evenly. stretch: all of it, in
// the tile's shape. centerCrop: one picture pixel to one canvas pixel, the centre of the picture in the centre of the
// tile.
Placement placeFit(const Box& tile, Fit fit, int32_t pictureWidth, int32_t pictureHeight);

// Maps a box of the picture to canvas pixels, clipped to the placement; empty when nothing of it shows.
Box toCanvas(const Placement& placement, const Box& box);

// Throws INVALID_ARGUMENT: odd or absurd canvas, wrong number of tiles, rectangles outside the canvas, alpha, follow
// values.
void checkLayout(const LayoutSpec& spec);

}  // namespace framepath::compose
