// Where sources go on the canvas. Arithmetic only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/results.h"
#include "generated/compose_enums.h"
#include "generated/layout_defaults.h"

namespace framepath::compose {

// What a tile shows: a source, or a crop of it that follows a person.
struct FollowSpec {
  std::string module;  // the people, tracks or detections followed; empty = the whole picture
  Pick pick = Pick::main;
  int32_t value = defaults::FollowSpec::value;           // rank: 0 = first; id: identity
  double zoom = defaults::FollowSpec::zoom;              // height of the crop in heights of the followed box
  double minHoldMs = defaults::FollowSpec::minHoldMs;    // the followed person is not changed more often
  double responseMs = defaults::FollowSpec::responseMs;  // critically damped: time to close 63 % of a step
};

struct TileSpec {
  int32_t source = 0;    // its number; below 0: there is none yet
  std::string reserved;  // the tile is kept for whichever source has this id; empty: it is that of `source`
  Box rect;              // canvas pixels; empty in split, grid and focus: the layout computes it
  Fit fit = defaults::TileSpec::fit;
  int32_t z = defaults::TileSpec::z;
  float alpha = defaults::TileSpec::alpha;
  FollowSpec follow;
  std::string label;  // on the placeholder card; empty = the source's number
};

struct RedactSpec {
  std::string module;  // whose boxes; empty = none
  RedactKind kind = defaults::RedactSpec::kind;
  double margin = defaults::RedactSpec::margin;  // the box grown by this part of its size
  // pixelate: blocks across the grown box; blur: its width / strength = radius
  double strength = defaults::RedactSpec::strength;
  // A box found up to so much later is hidden before it is found; absent: 1000 for files, 0 for live sources.
  std::optional<double> lookAheadMs;

  int64_t lookAheadUs(bool live) const {
    if (module.empty()) return 0;
    return static_cast<int64_t>(1000 * lookAheadMs.value_or(live ? 0 : 1000));
  }
};

struct DrawSpec {
  std::string boxes;                         // module whose boxes are drawn, with labels; empty = none
  std::string people;                        // module that gives their tracks identities; empty = none
  bool labels = defaults::DrawSpec::labels;  // id and score
  bool time = defaults::DrawSpec::time;      // time stamp of the composition
};

struct LayoutSpec {
  LayoutKind kind = LayoutKind::split;
  int32_t width = 1920, height = 1080;      // even
  int32_t fpsNum = 0, fpsDen = 1;           // 0 = the largest nominal rate of the sources
  uint8_t background[3] = {16, 128, 128};   // Y, U, V
  int32_t gap = defaults::LayoutSpec::gap;  // pixels between tiles of split, grid, focus
  WhenEnded whenEnded = defaults::LayoutSpec::whenEnded;
  double staleAfterMs = defaults::LayoutSpec::staleAfterMs;  // of live sources
  std::vector<TileSpec> tiles;
  bool perSource = defaults::LayoutSpec::perSource;  // one tile a source: a source that joins gets one too
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
