// How a stored picture must be turned to stand upright, and what a pixel's shape makes of its size.
#pragma once
#include <cstdint>

#include "media/source_info.h"

struct AVFrame;
struct AVStream;

namespace framepath::media {

// Mirrored left to right first, then turned clockwise.
struct Orientation {
  int32_t quarterTurns = 0;  // 0..3
  bool mirrored = false;
  bool swapsSides() const { return quarterTurns & 1; }
  friend bool operator==(const Orientation&, const Orientation&) = default;
};

// The nearest right angle of a display matrix (libavutil/display.h).
Orientation orientationOf(const int32_t (&matrix)[9]);
// Of a picture: its own (EXIF, SEI), else its stream's.
Orientation orientationOf(const AVFrame* picture, const AVStream& stream);

// The size in square pixels, upright.
struct DisplaySize {
  int32_t width, height;
};
DisplaySize displaySize(int32_t width, int32_t height, Rational sampleAspect, Orientation orientation);

}  // namespace framepath::media
