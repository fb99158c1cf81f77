// Where sources go on the canvas. Arithmetic only.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/results.h"

namespace framepath::compose {

enum class LayoutKind : uint8_t { split, grid, focus, custom };
enum class Fit : uint8_t { contain, cover, stretch, centerCrop };
enum class WhenEnded : uint8_t { hold, placeholder, black, relayout };

// What a tile shows: a source, or a crop of it that follows a person.
struct FollowSpec {
  std::string module;         // the people, tracks or detections followed; empty = the whole picture
  enum class Pick : uint8_t { main, rank, id } pick = Pick::main;
  int32_t value = 0;          // rank: 0 = first; id: identity
  double zoom = 3.0;          // height of the crop in heights of the followed box
  double minHoldMs = 1500;    // the followed person is not changed more often
  double responseMs = 600;    // critically damped: time to close 63 % of a step
};

struct TileSpec {
  int32_t source = 0;
  Box rect;            // canvas pixels; empty in split, grid and focus: the layout computes it
  Fit fit = Fit::cover;
  int32_t z = 0;
  float alpha = 1;
  FollowSpec follow;
};

struct RedactSpec {
  std::string module;              // whose boxes; empty = none
  enum class Kind : uint8_t { pixelate, blur } kind = Kind::pixelate;
  double margin = 0.15;            // the box grown by this part of its size
  double strength = 12;            // pixelate: blocks across the box; blur: box width / strength = radius
};

struct DrawSpec {
  std::string boxes;   // module whose boxes are drawn, with labels; empty = none
  bool labels = true;  // id and score
  bool time = false;   // time stamp of the programme
};

struct LayoutSpec {
  LayoutKind kind = LayoutKind::split;
  int32_t width = 1920, height = 1080;  // even
  int32_t fpsNum = 0, fpsDen = 1;       // 0 = the largest nominal rate of the sources
  uint8_t background[3] = {16, 128, 128};  // Y, U, V
  int32_t gap = 0;                      // pixels between tiles of split, grid, focus
  WhenEnded whenEnded = WhenEnded::hold;
  std::vector<TileSpec> tiles;
  RedactSpec redact;
  DrawSpec draw;
};

// Rectangles of the visible tiles for this kind; rects are even. grid: as square as it gets, 1-16; focus: the first
// large, the others in a column at its right. `visible[i]` false: left out (relayout). Throws INVALID_ARGUMENT.
std::vector<Box> layoutRects(const LayoutSpec& spec, const std::vector<bool>& visible);

}  // namespace framepath::compose
